import { boolean, count, double, listOf, statement, text } from '../shared/statement.js';
import { MAY_BE_CALLED, NOW } from './calls.sql.js';
import { OPEN_SQL } from './contact.status.js';
import type { ClaimedCall } from './calls.statements.js';

/*
 * What a sweep looks for. Organizations take turns in every list: one that has lost thousands of calls leaves room for
 * the others.
 */

/** A claimed call that nobody took for a while. */
export interface UnplacedCall extends ClaimedCall {
  readonly claimedForMs: number;
}

interface UnplacedParameters {
  readonly olderThanMs: number;
  readonly limit: number;
  /** Ids of calls. */
  readonly except: readonly string[];
}

/** Claimed for a while and not placed, the oldest of each organization first. */
export const LIST_UNPLACED = statement<UnplacedParameters, UnplacedCall>({
  sql: `
  select id as "callId", organization_id as "organizationId", batch_job_id as "batchJobId",
         extract(epoch from clock_timestamp() - claimed_at)::double precision * 1000 as "claimedForMs"
    from call_attempts
   where ended_at is null and placed_at is null
     and claimed_at < clock_timestamp() - make_interval(secs => :olderThanMs::double precision / 1000)
     and not exists (select from unnest(:except::text[]) as known (id) where known.id = call_attempts.id)
   order by row_number() over (partition by organization_id order by claimed_at), claimed_at limit :limit`,
  parameters: { olderThanMs: double, limit: count, except: listOf(text) },
  columns: { callId: text, organizationId: text, batchJobId: text, claimedForMs: double },
});

/** A call whose outcome should have arrived. */
export interface OverdueCall extends ClaimedCall {
  readonly providerCallId: string | null;
  /** The provider has told that it took the call. */
  readonly isAccepted: boolean;
  /** Since it was handed to the dialer. */
  readonly placedForMs: number;
}

/** Calls whose lease has ended, the oldest of each organization first. */
export const LIST_OVERDUE = statement<Omit<UnplacedParameters, 'olderThanMs'>, OverdueCall>({
  sql: `
  select id as "callId", organization_id as "organizationId", batch_job_id as "batchJobId",
         provider_call_id as "providerCallId", accepted_at is not null as "isAccepted",
         extract(epoch from clock_timestamp() - placed_at)::double precision * 1000 as "placedForMs"
    from call_attempts where ended_at is null and lease_ends_at < clock_timestamp()
     and not exists (select from unnest(:except::text[]) as known (id) where known.id = call_attempts.id)
   order by row_number() over (partition by organization_id order by lease_ends_at), lease_ends_at limit :limit`,
  parameters: { limit: count, except: listOf(text) },
  columns: {
    callId: text,
    organizationId: text,
    batchJobId: text,
    providerCallId: text,
    isAccepted: boolean,
    placedForMs: double,
  },
});

/**
 * Organizations with a running batch in which somebody could be called or nobody is left, in order of their ids,
 * after the given one. Those whose slots are all taken are asked again when one is freed.
 */
export const LIST_READY = statement({
  sql: `
  select distinct organization_id as "organizationId" from batch_jobs as job
   where status = 'running' and organization_id > :afterId and (
     ((select count(*) from call_attempts where organization_id = job.organization_id and ended_at is null)
        < (select concurrent_call_limit from organizations where id = job.organization_id)
      and ${MAY_BE_CALLED}
      and (
        exists (select from contacts where batch_job_id = job.id and status = 'pending') or
        exists (select from contacts where batch_job_id = job.id and status = 'queued' and next_retry_at <= ${NOW})))
     or not exists (select from contacts where batch_job_id = job.id and status in ${OPEN_SQL}))
   order by organization_id limit :limit`,
  parameters: { limit: count, afterId: text },
  columns: { organizationId: text },
});
