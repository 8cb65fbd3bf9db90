import {
  HISTORY_ACTIONS,
  type BatchJobHistory,
  type HistoryAction,
  type HistoryFacts,
} from '../../batch-jobs/batch-job-history.entity.js';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../batch-jobs/batch-job.status.js';
import { toUtc } from '../../shared/utc.js';
import { Shown, ShownOrNull } from '../http/fields.js';
import { SettingsResponse } from '../http/settings.response.js';

/** The facts of a job that a change can change. */
export class HistoryFactsResponse {
  @Shown('Status.', { enum: BATCH_JOB_STATUSES, example: 'scheduled' }) readonly status: BatchJobStatus;

  @Shown('Times the start had been set.', { type: 'integer', example: 2 }) readonly scheduleRevision: number;

  @ShownOrNull('The start, UTC. Null without one.', {
    type: String,
    format: 'date-time',
    example: '2027-03-01T15:00:00Z',
  })
  readonly scheduledStartTime: string | null;

  @ShownOrNull('The wall time that was chosen. Null without a start, and for one given as an instant.', {
    type: String,
    example: '2027-03-01T10:00:00',
  })
  readonly localStartTime: string | null;

  @ShownOrNull('Its zone. Null without a start.', { type: String, example: 'America/New_York' })
  readonly timezone: string | null;

  @ShownOrNull('What can be changed beside the start. Null but for `changed`.', { type: SettingsResponse })
  readonly settings: SettingsResponse | null;

  static of(facts: HistoryFacts): HistoryFactsResponse {
    const { status, scheduleRevision, startsAt, localStartTime, timezone, settings } = facts;
    const scheduledStartTime = startsAt && startsAt.replace('.000Z', 'Z');
    return {
      status,
      scheduleRevision,
      scheduledStartTime,
      localStartTime,
      timezone,
      settings: SettingsResponse.ofHistory(settings),
    };
  }
}

/** One change: who, when, from what, to what, why. */
export class HistoryEntryResponse {
  @Shown('When, UTC.', { format: 'date-time', example: '2027-02-26T09:12:44.518Z' }) readonly occurredAt: string;

  @Shown('What was done.', { enum: HISTORY_ACTIONS, example: 'rescheduled' }) readonly action: HistoryAction;

  @Shown('Who: the id of an API key, a name of the host application, or `system`.', {
    example: 'key_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  })
  readonly actor: string;

  @ShownOrNull('The request that caused it. Null when none did.', {
    type: String,
    example: 'req_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  })
  readonly requestId: string | null;

  @ShownOrNull('Why: as it was given, or a word of the service. Null without one.', {
    type: String,
    example: 'Storm over the region',
  })
  readonly reason: string | null;

  @ShownOrNull('The job before. Null for `created`.', { type: HistoryFactsResponse })
  readonly before: HistoryFactsResponse | null;

  @Shown('The job after.', { type: HistoryFactsResponse }) readonly after: HistoryFactsResponse;

  static of({ occurredAt, action, actor, requestId, reason, before, after }: BatchJobHistory): HistoryEntryResponse {
    return {
      occurredAt: toUtc(occurredAt),
      action,
      actor,
      requestId,
      reason,
      before: before && HistoryFactsResponse.of(before),
      after: HistoryFactsResponse.of(after),
    };
  }
}

export class HistoryResponse {
  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('Its changes, newest first.', { type: [HistoryEntryResponse] })
  readonly history: readonly HistoryEntryResponse[];

  @ShownOrNull('Pass as `cursor` for what came before. Null on the last page.', { type: String, example: 'MTI4' })
  readonly nextCursor: string | null;
}
