import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../batch-jobs/batch-job.status.js';
import { filterExamples, LineFilterField, OneOfField, WholeNumberField } from '../http/fields.js';
import { BOUNDS } from '../http/bounds.js';

export class ListQuery {
  @OneOfField({ values: BATCH_JOB_STATUSES, code: 'invalid_status', description: 'Only jobs in this status.' })
  status?: BatchJobStatus;

  @LineFilterField({
    max: BOUNDS.name,
    example: 'reminders',
    description: 'Only jobs with this in their name, in any case.',
  })
  name?: string;

  @WholeNumberField({ min: 1, max: BOUNDS.page, fallback: 1, code: 'invalid_page', description: 'Which page.' })
  page: number = 1;

  @WholeNumberField({
    min: 1,
    max: BOUNDS.jobsOnPage,
    fallback: 20,
    code: 'invalid_page_size',
    description: 'Jobs on a page.',
  })
  pageSize: number = 20;

  @ApiPropertyOptional({
    examples: filterExamples('org_demo'),
    description: "Accepted when it is the key's own organization.",
  })
  @IsOptional()
  @IsString({ message: 'must be text.' })
  organizationId?: string;

  @ApiPropertyOptional({
    examples: filterExamples('2027-03-01T00:00:00Z'),
    description: 'Only jobs that start at this instant or later.',
  })
  @IsOptional()
  @IsString({ message: 'must be an instant such as 2027-03-01T00:00:00Z.' })
  startsAfter?: string;

  @ApiPropertyOptional({
    examples: filterExamples('2027-04-01T00:00:00Z'),
    description: 'Only jobs that start before this instant.',
  })
  @IsOptional()
  @IsString({ message: 'must be an instant such as 2027-04-01T00:00:00Z.' })
  startsBefore?: string;

  @ApiPropertyOptional({
    examples: filterExamples('MjAyNy0wMi0yNFQxODoyMDowMC4wMDBaIGJhdGNoXzAxS0FTNVo3TTJRNFI2VDhWMFgyWjRCNkQ4'),
    description: '`nextCursor` of the page before: stable while jobs are created. Replaces `page`.',
  })
  @IsOptional()
  @IsString({ message: 'must be the nextCursor of a page.' })
  cursor?: string;
}
