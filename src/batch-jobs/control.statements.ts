import { conditionally, END_HOLD } from './conditional.statement.js';
import { historyFacts } from './history.sql.js';

const WAITING = `select coalesce(sum(contacts), 0) from contact_counts
                  where batch_job_id = $1 and contact_counts.status in ('pending', 'queued')`;

/** Nothing else has to be done: a claimed call is looked at once more before it is placed, and its contact waits, too. */
export const PAUSE = conditionally({
  action: 'paused',
  set: `status = 'paused'`,
  contacts: `select (${WAITING}) + (
    select count(*) from call_attempts where batch_job_id = $1 and ended_at is null and placed_at is null)`,
  details: `jsonb_build_object('callsInProgress', (
    select count(*) from call_attempts where batch_job_id = $1 and ended_at is null and placed_at is not null))`,
});

/** Whatever held it, or has paused it, is to be tried anew. */
export const RESUME = conditionally({
  action: 'resumed',
  set: `status = 'running', pause_reason = null`,
  also: END_HOLD,
  contacts: WAITING,
});

const settings = (row: string): string => `jsonb_build_object(
  'name', ${row}.name, 'description', ${row}.description,
  'concurrentCallLimit', ${row}.concurrent_call_limit, 'maxAttempts', ${row}.max_attempts,
  'retryableStatuses', ${row}.retryable_statuses)`;

/**
 * Contacts that wait for a call which is no longer allowed end (`END_EXHAUSTED`); those that have ended stay so when more
 * calls are allowed.
 *
 * $8 name (null: as it is), $9 whether there is a description, $10 description, $11 call limit, $12 attempts,
 * $13 outcomes after which somebody is called again (null: as they are).
 */
export const CHANGE = conditionally({
  action: 'changed',
  set: `name = coalesce($8, old.name), description = case when $9::boolean then $10 else old.description end,
        concurrent_call_limit = coalesce($11::integer, old.concurrent_call_limit),
        max_attempts = coalesce($12::integer, old.max_attempts),
        retryable_statuses = coalesce($13::text[], old.retryable_statuses)`,
  details: settings('changed'),
  factsOf: (row) => `${historyFacts(row)} || jsonb_build_object('settings', ${settings(row)})`,
});
