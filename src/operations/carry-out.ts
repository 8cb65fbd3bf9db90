import type { BatchJobStatus } from '../batch-jobs/batch-job.status.js';
import { isBatchJobId } from '../batch-jobs/batch-jobs.repository.js';
import { JobNotFoundError, VersionMismatchError } from '../batch-jobs/errors.js';
import type { ChangeOrder, ChangeResult, Changed } from '../batch-jobs/batch-job.changes.js';

/**
 * Makes a change, or says why it was not made.
 *
 * @param make the statement
 * @param refusal what it means that the status does not allow it
 * @throws job_not_found     no such job in the organization
 * @throws version_mismatch  it is not one of those that the terms ask for
 */
export async function carryOut(
  order: ChangeOrder,
  make: (order: ChangeOrder) => Promise<ChangeResult>,
  refusal: (status: BatchJobStatus) => Error,
): Promise<Changed> {
  if (!isBatchJobId(order.batchJobId)) throw new JobNotFoundError();
  const result = await make(order);
  if (result.outcome === 'not_found') throw new JobNotFoundError();
  if (result.outcome === 'refused') throw refusal(result.status);
  if (result.outcome === 'unwanted') throw new VersionMismatchError(result.entityTag);
  return result;
}
