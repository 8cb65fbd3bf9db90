import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { CONTACT_STATUSES, type ContactStatus } from '../../batch-jobs/contact.status.js';
import { filterExamples, OneOfField, WholeNumberField } from './fields.js';

// More contacts than any batch may have at one on a page.
const MAX_PAGE = 1_000_000;

export class ContactsQuery {
  @OneOfField({
    values: CONTACT_STATUSES,
    code: 'invalid_contact_status',
    description: 'Only contacts in this status.',
  })
  contactStatus?: ContactStatus;

  @WholeNumberField({ min: 1, max: MAX_PAGE, fallback: 1, code: 'invalid_page', description: 'Page of contacts.' })
  page: number = 1;

  @WholeNumberField({ min: 1, max: 500, fallback: 50, code: 'invalid_page_size', description: 'Contacts on a page.' })
  pageSize: number = 50;

  @ApiPropertyOptional({
    examples: filterExamples('NTA'),
    description:
      '`nextCursor` of the page before: as fast at the end of a long list as at its beginning. Replaces `page`.',
  })
  @IsOptional()
  @IsString({ message: 'must be the nextCursor of a page.' })
  cursor?: string;
}
