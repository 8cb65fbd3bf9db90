import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../batch-jobs/batch-job.status.js';
import type { QueueView } from '../../operations/batch-jobs.service.js';
import { TIMER_STATES, type TimerState } from '../../operations/timer.state.js';
import { toUtcOrNull } from '../../shared/utc.js';
import { Shown, ShownOrNull } from '../http/fields.js';

/** What Redis holds of the job's timer. Its names are the vendor's. */
export class RedisJobInfoResponse {
  @Shown('Id of the queue job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8.r2' }) readonly job_id: string;

  @ShownOrNull('It waits in the delayed set. Null while Redis does not answer.', { type: Boolean, example: true })
  readonly in_defer_queue: boolean | null;

  @ShownOrNull('Its record is there. Null while Redis does not answer.', { type: Boolean, example: true })
  readonly job_metadata_exists: boolean | null;

  @ShownOrNull('When it fires, as Redis has it. Null when Redis has none.', {
    type: String,
    example: '2027-03-01T15:00:00+00:00',
  })
  readonly scheduled_time: string | null;

  @Shown(
    'The timer beside the start. `missing` and `differs` are set again in time; `unknown`: Redis does not answer.',
    { enum: TIMER_STATES, example: 'armed' },
  )
  readonly state: TimerState;

  @Shown('What this means, in one sentence.', { example: 'The timer is set.' }) readonly note: string;
}

/** What each state means, and what becomes of it by itself. */
const NOTES: Readonly<Record<TimerState, string>> = {
  armed: 'The timer is set.',
  missing: 'Redis has no timer for this start; it is set again in time, and the start is kept.',
  differs: 'The timer differs from the database and is set again in time; the start is kept.',
  fired: 'The start is due and no timer waits any more; a worker makes it, within seconds if it was not woken.',
  unknown: 'Redis does not answer; the start is kept in the database.',
};

const describe = (job_id: string, state: TimerState, queueJob: QueueView['queueJob']): RedisJobInfoResponse => {
  const judged = { state, note: NOTES[state] };
  if (queueJob === 'unknown') {
    return { job_id, in_defer_queue: null, job_metadata_exists: null, scheduled_time: null, ...judged };
  }
  if (queueJob === null) {
    return { job_id, in_defer_queue: false, job_metadata_exists: false, scheduled_time: null, ...judged };
  }
  const scheduled_time = queueJob.firesAt.toISOString().replace(/(\.000)?Z$/, '+00:00');
  return { job_id, in_defer_queue: queueJob.isDelayed, job_metadata_exists: true, scheduled_time, ...judged };
};

export class QueueViewResponse {
  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('Its status in the database.', { enum: BATCH_JOB_STATUSES, example: 'scheduled' })
  readonly databaseStatus: BatchJobStatus;

  @ShownOrNull('Id of its queue job; the `newScheduledJobId` of the last reschedule. Null unless scheduled.', {
    type: String,
    example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8.r2',
  })
  readonly scheduledJobId: string | null;

  @ShownOrNull('Its start in the database, UTC. Null until scheduled.', {
    type: String,
    format: 'date-time',
    example: '2027-03-01T15:00:00Z',
  })
  readonly scheduledStartTime: string | null;

  @ShownOrNull('Null unless scheduled.', { type: RedisJobInfoResponse })
  readonly redisJobInfo: RedisJobInfoResponse | null;

  static of(view: QueueView): QueueViewResponse {
    const { job, scheduledJobId, queueJob, timer } = view;
    return {
      batchJobId: job.id,
      databaseStatus: job.status,
      scheduledJobId,
      scheduledStartTime: toUtcOrNull(job.startsAt),
      redisJobInfo: scheduledJobId === null || timer === null ? null : describe(scheduledJobId, timer, queueJob),
    };
  }
}
