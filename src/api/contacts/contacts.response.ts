import { ContactResponse } from './contact.response.js';
import { Shown, ShownOrNull } from '../http/fields.js';

export class ContactsResponse {
  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('A page of contacts, in the order of the list.', { type: [ContactResponse] })
  readonly contacts: readonly ContactResponse[];

  @Shown('Contacts that pass the filter.', { type: 'integer', example: 988 }) readonly total: number;

  @ShownOrNull('The page asked for. Null when read with a cursor.', { type: 'integer', example: 1 })
  readonly page: number | null;

  @Shown('Most contacts on a page.', { type: 'integer', example: 50 }) readonly pageSize: number;
  @Shown('Whether more pages follow.', { example: true }) readonly hasMore: boolean;

  @ShownOrNull('Pass as `cursor` for what follows. Null on the last page.', { type: String, example: 'NTA' })
  readonly nextCursor: string | null;
}
