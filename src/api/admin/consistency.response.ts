import {
  batchJobIdOf,
  DIFFERENCE_KINDS,
  type Difference,
  type DifferenceKind,
} from '../../scheduling/schedule.comparison.js';
import type { Consistency } from '../../operations/consistency.service.js';
import { toUtc, toUtcOrNull } from '../../shared/utc.js';
import { Shown, ShownOrNull } from '../http/fields.js';

const STATUSES = ['consistent', 'drifting', 'unknown'] as const satisfies Consistency['status'][];

/** What a difference means, and what becomes of it by itself. */
const NOTES: Readonly<Record<DifferenceKind, string>> = {
  timer_missing: 'Redis has no timer for this start; a worker sets it in time, and the start is made without it.',
  timer_at_another_time:
    'The timer fires at another time than the database says; the start is kept, and a worker sets the timer again in time.',
  timer_unwanted: 'No schedule in force wants this timer; a worker removes it in a while, and it could start nothing.',
  start_overdue:
    'This start is due for more than 15 seconds and was not made; see that a worker runs and reaches the database.',
};

/** One difference. */
export class DifferenceResponse {
  @Shown('Timers are repaired by workers or by a repair; an overdue start is made by workers only.', {
    enum: DIFFERENCE_KINDS,
    example: 'timer_missing',
  })
  readonly kind: DifferenceKind;

  @ShownOrNull('The job, of any organization. Null when the timer has the name of none.', {
    type: String,
    example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  })
  readonly batchJobId: string | null;

  @Shown('Id of the queue job that is the timer.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8.r2' })
  readonly queueJobId: string;

  @ShownOrNull('The start in the database, UTC. Null when no schedule in force wants the timer.', {
    type: String,
    format: 'date-time',
    example: '2027-03-01T15:00:00Z',
  })
  readonly startsAt: string | null;

  @ShownOrNull('When the timer fires, as Redis has it. Null when Redis has none.', {
    type: String,
    format: 'date-time',
    example: null,
  })
  readonly firesAt: string | null;

  @Shown('What this means, in one sentence.', { example: NOTES.timer_missing }) readonly note: string;

  static of({ kind, queueJobId, start, firesAt }: Difference): DifferenceResponse {
    return {
      kind,
      batchJobId: start ? start.batchJobId : batchJobIdOf(queueJobId),
      queueJobId,
      startsAt: start && toUtc(start.startsAt),
      firesAt: toUtcOrNull(firesAt),
      note: NOTES[kind],
    };
  }
}

export class ConsistencyResponse {
  @Shown('`drifting`: there are differences. `unknown`: Redis does not answer.', {
    enum: STATUSES,
    example: 'drifting',
  })
  readonly status: Consistency['status'];

  @Shown('When both sides were looked at, UTC.', { format: 'date-time', example: '2027-02-20T00:00:00Z' })
  readonly checkedAt: string;

  @ShownOrNull('Jobs that are `scheduled`, of all organizations. Null while `unknown`.', {
    type: 'integer',
    example: 412,
  })
  readonly scheduledJobs: number | null;

  @ShownOrNull('Timers that wait in Redis. Null while `unknown`.', { type: 'integer', example: 411 })
  readonly timers: number | null;

  @Shown('The first 1,000 differences. Empty while `unknown`.', { type: [DifferenceResponse] })
  readonly differences: readonly DifferenceResponse[];

  @Shown('How many there are.', { type: 'integer', example: 1 }) readonly differencesTotal: number;

  static of(found: Consistency): ConsistencyResponse {
    const { status, checkedAt, scheduledJobs, timers, differences, differencesTotal } = found;
    return {
      status,
      checkedAt: toUtc(checkedAt),
      scheduledJobs,
      timers,
      differences: differences.map((difference) => DifferenceResponse.of(difference)),
      differencesTotal,
    };
  }
}
