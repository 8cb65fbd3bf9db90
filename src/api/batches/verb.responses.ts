import type { PauseDetails } from '../../batch-jobs/control.statements.js';
import type { ChangedJob } from '../../operations/change.js';
import { toUtc } from '../../shared/utc.js';
import { EntityTagShown, Shown } from '../http/fields.js';
import { ChangeAnswer, changeAnswer } from './change.response.js';

const COUNT = { type: 'integer' } as const;

const CANCELLED: Readonly<Record<string, string>> = {
  scheduled: 'Scheduled job cancelled successfully',
  pending: 'Pending job cancelled successfully',
};

class RearmedResponse {
  @Shown('Always true.', { example: true }) readonly success: true;

  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('An old queue job existed and was removed. False while the queue cannot be reached.', { example: true })
  readonly redisJobCancelled: boolean;

  @EntityTagShown() readonly etag: string;
}

export class StartResponse extends RearmedResponse {
  @Shown('What was done.', { example: 'Cancelled scheduled job, starting immediately' }) readonly message: string;

  @Shown('Always `running`.', { example: 'running', enum: ['running'] }) readonly status: 'running';

  @Shown('Contacts released to be called.', { example: 988, type: 'integer' }) readonly contactsEnqueued: number;

  @Shown('When it started, UTC.', { example: '2025-03-01T15:00:00.123Z', format: 'date-time' })
  readonly startedAt: string;

  static of({ batchJobId, change, redisJobCancelled }: ChangedJob): StartResponse {
    return {
      success: true,
      message: redisJobCancelled ? 'Cancelled scheduled job, starting immediately' : 'Starting immediately',
      batchJobId,
      status: 'running',
      contactsEnqueued: change.contacts,
      redisJobCancelled,
      startedAt: toUtc(change.startedAt as Date),
      etag: change.entityTag,
    };
  }
}

export class CancelResponse extends RearmedResponse {
  @Shown('What was done.', { example: 'Scheduled job cancelled successfully' }) readonly message: string;

  @Shown('Contacts that will not be called any more.', { example: 988, type: 'integer' })
  readonly contactsCancelled: number;

  static of({ batchJobId, change, redisJobCancelled }: ChangedJob): CancelResponse {
    return {
      success: true,
      message: CANCELLED[change.statusBefore] ?? 'Job was already running - cancelled remaining contacts',
      batchJobId,
      redisJobCancelled,
      contactsCancelled: change.contacts,
      etag: change.entityTag,
    };
  }
}

/** It has no tag: there is nothing left that could have one. */
export class DeleteResponse {
  @Shown('Always true.', { example: true }) readonly success: true;
  @Shown('What was done.', { example: 'Batch job deleted with 988 contacts' }) readonly message: string;
  @Shown('The job that was.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;
  @Shown('Contacts deleted with it.', { example: 988, type: 'integer' }) readonly contactsDeleted: number;
  @Shown('Its queue job existed and was removed. False while the queue cannot be reached.', { example: true })
  readonly redisJobCancelled: boolean;

  static of({ batchJobId, change: { contacts }, redisJobCancelled }: ChangedJob): DeleteResponse {
    return {
      success: true,
      message: `Batch job deleted with ${contacts} ${contacts === 1 ? 'contact' : 'contacts'}`,
      batchJobId,
      contactsDeleted: contacts,
      redisJobCancelled,
    };
  }
}

export class PauseResponse extends ChangeAnswer {
  @Shown('Always `paused`.', { example: 'paused', enum: ['paused'] }) readonly status: 'paused';
  @Shown('Contacts that wait for a call.', { ...COUNT, example: 540 }) readonly contactsRemaining: number;
  @Shown('Calls that end normally.', { ...COUNT, example: 5 }) readonly callsInProgress: number;

  static of(paused: ChangedJob): PauseResponse {
    const { contacts, details } = paused.change;
    const { callsInProgress } = details as PauseDetails;
    return {
      ...changeAnswer(paused, 'Batch job paused'),
      status: 'paused',
      contactsRemaining: contacts,
      callsInProgress,
    };
  }
}

export class ResumeResponse extends ChangeAnswer {
  @Shown('Always `running`.', { example: 'running', enum: ['running'] }) readonly status: 'running';
  @Shown('Contacts that wait for a call.', { ...COUNT, example: 540 }) readonly contactsRemaining: number;

  static of(resumed: ChangedJob): ResumeResponse {
    const { contacts } = resumed.change;
    return { ...changeAnswer(resumed, 'Batch job resumed'), status: 'running', contactsRemaining: contacts };
  }
}
