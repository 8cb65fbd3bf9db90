import type { ChangeableSettings } from '../../batch-jobs/batch-job-history.entity.js';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../batch-jobs/batch-job.status.js';
import type { ChangedJob } from '../../operations/change.js';
import { EntityTagShown, Shown } from '../http/fields.js';
import { SettingsResponse } from '../http/settings.response.js';

const COUNT = { type: 'integer' } as const;

class ControlResponse {
  @Shown('Always true.', { example: true }) readonly success: true;
  @Shown('What was done.', { example: 'Batch job paused' }) readonly message: string;
  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;
  @EntityTagShown() readonly etag: string;
}

const answer = ({ batchJobId, change }: ChangedJob, message: string): ControlResponse => ({
  success: true,
  message,
  batchJobId,
  etag: change.entityTag,
});

export class PauseResponse extends ControlResponse {
  @Shown('Always `paused`.', { example: 'paused', enum: ['paused'] }) readonly status: 'paused';
  @Shown('Contacts that wait for a call.', { ...COUNT, example: 540 }) readonly contactsRemaining: number;
  @Shown('Calls that end normally.', { ...COUNT, example: 5 }) readonly callsInProgress: number;

  static of(paused: ChangedJob): PauseResponse {
    const { contacts, details } = paused.change;
    const { callsInProgress } = details as { callsInProgress: number };
    return { ...answer(paused, 'Batch job paused'), status: 'paused', contactsRemaining: contacts, callsInProgress };
  }
}

export class ResumeResponse extends ControlResponse {
  @Shown('Always `running`.', { example: 'running', enum: ['running'] }) readonly status: 'running';
  @Shown('Contacts that wait for a call.', { ...COUNT, example: 540 }) readonly contactsRemaining: number;

  static of(resumed: ChangedJob): ResumeResponse {
    const { contacts } = resumed.change;
    return { ...answer(resumed, 'Batch job resumed'), status: 'running', contactsRemaining: contacts };
  }
}

export class ChangedResponse extends ControlResponse {
  @Shown('Where it is.', { enum: BATCH_JOB_STATUSES, example: 'running' }) readonly status: BatchJobStatus;
  @Shown('As it is now.', { type: SettingsResponse }) readonly settings: SettingsResponse;
  @Shown('Contacts that waited for a call which is no longer allowed, and ended.', { ...COUNT, example: 0 })
  readonly contactsEnded: number;

  static of(changed: ChangedJob): ChangedResponse {
    const { contacts, details, statusBefore } = changed.change;
    const settings = details as ChangeableSettings;
    return { ...answer(changed, 'Batch job changed'), status: statusBefore, settings, contactsEnded: contacts };
  }
}
