import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { EXPORT_FILTERS, type ExportFilter } from '../../operations/contacts.service.js';

const FORMATS = ['csv'] as const;

export class ExportBody {
  @ApiPropertyOptional({ enum: FORMATS, default: 'csv', example: 'csv', description: 'CSV in UTF-8.' })
  @IsIn(FORMATS, { message: 'must be csv.' })
  format: (typeof FORMATS)[number] = 'csv';

  @ApiPropertyOptional({
    enum: EXPORT_FILTERS,
    default: 'all',
    example: 'failed',
    description:
      '`successful`: contacts that answered. `failed`: those that ended otherwise, cancelled ones not included. `uncalled`: those that no call was ever placed to, as the job ended before.',
  })
  @IsIn(EXPORT_FILTERS, { message: `must be one of ${EXPORT_FILTERS.join(', ')}.` })
  filter: ExportFilter = 'all';
}
