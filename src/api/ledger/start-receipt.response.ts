import { START_TRIGGERS, type StartTrigger } from '../../batch-jobs/batch-job-start.entity.js';
import type { StartReceipt } from '../../operations/ledger.service.js';
import { toUtc, toUtcOrNull } from '../../shared/utc.js';
import { Shown, ShownOrNull } from '../http/fields.js';

export class StartReceiptResponse {
  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('Revision of the schedule that started. 0 for a job that was never scheduled.', {
    type: 'integer',
    example: 2,
  })
  readonly scheduleRevision: number;

  @Shown('`timer`: the queue woke a worker. `sweep`: a worker found it due. `request`: the _start_ operation.', {
    enum: START_TRIGGERS,
    example: 'timer',
  })
  readonly trigger: StartTrigger;

  @ShownOrNull('When it was to start, UTC. Null for a job that was never scheduled.', {
    type: String,
    format: 'date-time',
    example: '2027-03-01T15:00:00Z',
  })
  readonly plannedStartTime: string | null;

  @Shown('When it did start, UTC.', { format: 'date-time', example: '2027-03-01T15:00:00.007Z' })
  readonly actualStartTime: string;

  @ShownOrNull('Milliseconds from the one to the other, never negative. Null when a person started it.', {
    type: 'integer',
    example: 7,
  })
  readonly latenessMs: number | null;

  @Shown('Wake-ups for this job that were refused: of an older schedule, or delivered once more.', {
    type: 'integer',
    example: 1,
  })
  readonly staleWakeUpsRefused: number;

  static of({ start, staleWakeUps }: StartReceipt): StartReceiptResponse {
    return {
      batchJobId: start.batchJobId,
      scheduleRevision: start.revision,
      trigger: start.trigger,
      plannedStartTime: toUtcOrNull(start.plannedAt),
      actualStartTime: toUtc(start.startedAt),
      latenessMs: start.lateMs === null ? null : Number(start.lateMs),
      staleWakeUpsRefused: staleWakeUps,
    };
  }
}
