import type { ChangeableSettings } from '../../batch-jobs/batch-job-history.entity.js';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../batch-jobs/batch-job.status.js';
import type { ChangedJob } from '../../operations/change.js';
import { EntityTagShown, Shown } from '../http/fields.js';
import { SettingsResponse } from '../http/settings.response.js';

const COUNT = { type: 'integer' } as const;

/** What every change of a job is answered with. */
export class ChangeAnswer {
  @Shown('Always true.', { example: true }) readonly success: true;
  @Shown('What was done.', { example: 'Batch job paused' }) readonly message: string;
  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;
  @EntityTagShown() readonly etag: string;
}

export const changeAnswer = ({ batchJobId, change }: ChangedJob, message: string): ChangeAnswer => ({
  success: true,
  message,
  batchJobId,
  etag: change.entityTag,
});

export class ChangedResponse extends ChangeAnswer {
  @Shown('Where it is.', { enum: BATCH_JOB_STATUSES, example: 'running' }) readonly status: BatchJobStatus;
  @Shown('As it is now.', { type: SettingsResponse }) readonly settings: SettingsResponse;
  @Shown('Contacts that waited for a call which is no longer allowed, and ended.', { ...COUNT, example: 0 })
  readonly contactsEnded: number;

  static of(changed: ChangedJob): ChangedResponse {
    const { contacts, details, statusBefore } = changed.change;
    const settings = details as ChangeableSettings;
    return { ...changeAnswer(changed, 'Batch job changed'), status: statusBefore, settings, contactsEnded: contacts };
  }
}
