import { boolean, integer, listOf, text } from '../shared/statement.js';
import { NOT_YET_CALLED } from './calls.sql.js';
import { conditionally, END_HOLD } from './conditional.statement.js';
import type { RetryableStatus } from './contact.status.js';
import { historyFacts } from './history.sql.js';

/** What a pause tells. */
export interface PauseDetails {
  /** With the provider: they end normally. */
  readonly callsInProgress: number;
}

/**
 * Nothing else has to be done: a claimed call is looked at once more before it is placed, and its contact waits, too.
 * Gives `PauseDetails` back.
 */
export const PAUSE = conditionally({
  action: 'paused',
  set: `status = 'paused'`,
  onlyIf: {},
  parameters: {},
  contacts: NOT_YET_CALLED,
  details: `jsonb_build_object('callsInProgress', (
    select count(*) from call_attempts where batch_job_id = :batchJobId and ended_at is null and placed_at is not null))`,
});

/** Whatever held it, or has paused it, is to be tried anew. */
export const RESUME = conditionally({
  action: 'resumed',
  set: `status = 'running', pause_reason = null`,
  onlyIf: {},
  parameters: {},
  also: END_HOLD,
  contacts: NOT_YET_CALLED,
});

const settings = (row: string): string => `jsonb_build_object(
  'name', ${row}.name, 'description', ${row}.description,
  'concurrentCallLimit', ${row}.concurrent_call_limit, 'maxAttempts', ${row}.max_attempts,
  'retryableStatuses', ${row}.retryable_statuses)`;

/** Null: as it is. */
interface ChangeParameters {
  readonly name: string | null;
  readonly setsDescription: boolean;
  readonly description: string | null;
  readonly concurrentCallLimit: number | null;
  readonly maxAttempts: number | null;
  readonly retryableStatuses: readonly RetryableStatus[] | null;
}

/**
 * Contacts that wait for a call which is no longer allowed end (`END_EXHAUSTED`); those that have ended stay so when more
 * calls are allowed. Gives the settings back as they are now.
 */
export const CHANGE = conditionally<ChangeParameters, never>({
  action: 'changed',
  set: `name = coalesce(:name, old.name),
        description = case when :setsDescription::boolean then :description else old.description end,
        concurrent_call_limit = coalesce(:concurrentCallLimit::integer, old.concurrent_call_limit),
        max_attempts = coalesce(:maxAttempts::integer, old.max_attempts),
        retryable_statuses = coalesce(:retryableStatuses::text[], old.retryable_statuses)`,
  onlyIf: {},
  parameters: {
    name: text,
    setsDescription: boolean,
    description: text,
    concurrentCallLimit: integer,
    maxAttempts: integer,
    retryableStatuses: listOf(text),
  },
  details: settings('changed'),
  factsOf: (row) => `${historyFacts(row)} || jsonb_build_object('settings', ${settings(row)})`,
});
