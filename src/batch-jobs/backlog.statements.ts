import { double, integer, statement } from '../shared/statement.js';
import { MAY_BE_CALLED, NOW } from './calls.sql.js';

/** What should have been done by now. */
export interface Backlog {
  /** Age of the oldest call that is claimed and not placed. Null: there is none. */
  readonly oldestUnplacedCallSeconds: number | null;
  /** How long the oldest start has been due that was not made. Null: there is none. */
  readonly oldestOverdueStartSeconds: number | null;
}

export const LOOK_AT_BACKLOG = statement<object, Backlog>({
  sql: `
  select (select extract(epoch from clock_timestamp() - min(claimed_at))::double precision
            from call_attempts where ended_at is null and placed_at is null) as "oldestUnplacedCallSeconds",
         (select extract(epoch from clock_timestamp() - min(starts_at))::double precision
            from batch_jobs where status = 'scheduled' and starts_at < (select clock_timestamp()))
           as "oldestOverdueStartSeconds"`,
  parameters: {},
  columns: { oldestUnplacedCallSeconds: double, oldestOverdueStartSeconds: double },
});

/** What workers could do at this moment, of all organizations. */
export interface CallDemand {
  /**
   * Contacts that may be called now and are not: who waits in a batch that runs and is not held, those who wait for
   * another call when it is due, and those who have a slot and were not handed to the dialer yet.
   */
  readonly callableContacts: number;
  /** Slots of organizations with such a batch in which nobody was handed to the dialer, as far as its batches may use them. */
  readonly freeSlots: number;
  /** Calls that would be with the dialer were there always a place for them: who fits into free slots, and who is there. */
  readonly placesWanted: number;
}

/**
 * By counters and open calls: it costs as much as there are running batches and calls in flight, however long their lists
 * are. Of contacts that wait for another call no more are counted than their batch may have in flight at one time.
 *
 * A slot that was given to a contact who is still waiting counts as free, other than for a claim: claims follow a free slot
 * at once, and what is then missing is a worker. Who may not be called at some hour would be left out of `callable` and
 * `due`, by the condition by which `CLAIM_CALLS` passes them over.
 */
export const MEASURE_CALL_DEMAND = statement<object, CallDemand>({
  sql: `
  with open as (
    select organization_id, batch_job_id,
           count(*) filter (where placed_at is null) as unplaced, count(placed_at) as placed,
           count(*) filter (where placed_at is not null and accepted_at is null) as in_hand
      from call_attempts where ended_at is null group by organization_id, batch_job_id
  ), in_flight as (
    select organization_id, sum(placed) as placed, sum(in_hand) as in_hand from open group by organization_id
  ), batch as (
    select job.organization_id,
           greatest(0, least(job.concurrent_call_limit, hold.calls_allowed) - coalesce(open.placed, 0)) as slots,
           coalesce(pending.contacts, 0) + coalesce(open.unplaced, 0) + due.contacts as callable
      from batch_jobs as job
      left join open on open.organization_id = job.organization_id and open.batch_job_id = job.id
      left join batch_job_holds as hold on hold.batch_job_id = job.id
      left join contact_counts as pending on pending.batch_job_id = job.id and pending.status = 'pending'
     cross join lateral (
             select count(*) as contacts from (
               select from contacts
                where batch_job_id = job.id and status = 'queued' and next_retry_at <= ${NOW}
                limit job.concurrent_call_limit
             ) as first_due
           ) as due
     where ${MAY_BE_CALLED}
  ), organization as (
    select organization_id, sum(callable) as callable, sum(slots) as slots, sum(least(callable, slots)) as fitting
      from batch group by organization_id
  ), demand as (
    select organization.callable, least(organization.slots, room.slots) as slots,
           least(organization.fitting, room.slots) as fitting
      from organization
      join organizations as known on known.id = organization.organization_id
      left join in_flight on in_flight.organization_id = known.id
     cross join lateral (
             select greatest(0, known.concurrent_call_limit - coalesce(in_flight.placed, 0)) as slots
           ) as room
  )
  select coalesce(sum(callable), 0)::integer as "callableContacts", coalesce(sum(slots), 0)::integer as "freeSlots",
         (coalesce(sum(fitting), 0) + (select coalesce(sum(in_hand), 0) from in_flight))::integer as "placesWanted"
    from demand`,
  parameters: {},
  columns: { callableContacts: integer, freeSlots: integer, placesWanted: integer },
});
