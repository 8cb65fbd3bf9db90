import type { CountedJob } from '../../operations/batch-jobs.service.js';
import { BatchJobResponse } from './batch-job.response.js';
import { Shown, ShownOrNull } from '../http/fields.js';

export class ListResponse {
  @Shown('Newest first.', { type: [BatchJobResponse] }) readonly batchJobs: readonly BatchJobResponse[];

  @Shown('Jobs that pass the filter; at least so many where `isTotalExact` is false.', {
    type: 'integer',
    example: 42,
  })
  readonly total: number;

  @Shown(
    'False: thousands pass a filter by name or start, and not all were counted. Pages and cursors reach them all.',
    { example: true },
  )
  readonly isTotalExact: boolean;

  @ShownOrNull('The page asked for. Null when read with a cursor.', { type: 'integer', example: 1 })
  readonly page: number | null;

  @Shown('Most jobs on a page.', { type: 'integer', example: 20 }) readonly pageSize: number;

  @ShownOrNull('Pass as `cursor` for what follows. Null on the last page.', {
    type: String,
    example: 'MjAyNy0wMi0yNFQxODoyMDowMC4wMDBaIGJhdGNoXzAxS0FTNVo3TTJRNFI2VDhWMFgyWjRCNkQ4',
  })
  readonly nextCursor: string | null;

  static of(
    jobs: readonly CountedJob[],
    page: Pick<ListResponse, 'total' | 'isTotalExact' | 'page' | 'pageSize' | 'nextCursor'>,
  ): ListResponse {
    return { batchJobs: jobs.map((job) => BatchJobResponse.of(job)), ...page };
  }
}
