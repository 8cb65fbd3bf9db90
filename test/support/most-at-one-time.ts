/**
 * Most calls that held a slot at one time, of each organization and of each batch, over every moment there was: rows of
 * `holder` (an id) and `most`.
 */
export const MOST_AT_ONE_TIME = `
  with changes as (
    select holder, at, change from call_attempts as call,
      lateral (values (organization_id), (batch_job_id)) as holders (holder),
      lateral (values (claimed_at, 1), (ended_at, -1)) as moments (at, change)
    where at is not null
  ), sums as (
    select holder, sum(change) over (partition by holder order by at, change) as at_once from changes
  )
  select holder, max(at_once)::integer as most from sums group by holder`;
