import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import type { ContactStatus } from '../../batch-jobs/contact.status.js';
import { ContactsPageField, ContactsPageSizeField, ContactStatusField } from './contact-page.fields.js';
import { filterExamples } from '../http/fields.js';

export class ContactsQuery {
  @ContactStatusField() contactStatus?: ContactStatus;
  @ContactsPageField() page: number = 1;
  @ContactsPageSizeField() pageSize: number = 50;

  @ApiPropertyOptional({
    examples: filterExamples('NTA'),
    description:
      '`nextCursor` of the page before: as fast at the end of a long list as at its beginning. Replaces `page`.',
  })
  @IsOptional()
  @IsString({ message: 'must be the nextCursor of a page.' })
  cursor?: string;
}
