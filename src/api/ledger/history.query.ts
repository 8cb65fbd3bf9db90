import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { filterExamples, WholeNumberField } from '../http/fields.js';
import { BOUNDS } from '../http/bounds.js';

export class HistoryQuery {
  @WholeNumberField({
    min: 1,
    max: BOUNDS.changesOnPage,
    fallback: 50,
    code: 'invalid_page_size',
    description: 'Changes on a page.',
  })
  pageSize: number = 50;

  @ApiPropertyOptional({
    examples: filterExamples('MTI4'),
    description: '`nextCursor` of the page before. Without it the page begins with the newest change.',
  })
  @IsOptional()
  @IsString({ message: 'must be the nextCursor of a page.' })
  cursor?: string;
}
