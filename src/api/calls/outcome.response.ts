import { CONTACT_STATUSES, type ContactStatus } from '../../batch-jobs/contact.status.js';
import type { RecordedCall } from '../../calling/call-outcomes.js';
import { toUtcOrNull } from '../../shared/utc.js';
import { Shown, ShownOrNull } from '../http/fields.js';

/** A call, and what became of the report of its outcome. */
export interface ReportedCall {
  readonly callId: string;
  readonly report: RecordedCall;
}

export class OutcomeResponse {
  @Shown('Always true.', { type: Boolean, example: true }) readonly success: true;

  @Shown('The call.', { example: 'call_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly callId: string;

  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('Whether this report counts. False: the call had ended already, and nothing was changed.', { example: true })
  readonly recorded: boolean;

  @ShownOrNull('What the contact is now. Null when nothing was changed, or the job was deleted.', {
    enum: CONTACT_STATUSES,
    example: 'queued',
  })
  readonly contactStatus: ContactStatus | null;

  @ShownOrNull('When the contact is called again, UTC. Null when it is not.', {
    type: String,
    format: 'date-time',
    example: '2027-03-01T15:05:00Z',
  })
  readonly nextRetryAt: string | null;

  static of({ callId, report }: ReportedCall): OutcomeResponse {
    return {
      success: true,
      callId,
      batchJobId: report.batchJobId,
      recorded: report.isNew,
      contactStatus: report.contactStatus,
      nextRetryAt: toUtcOrNull(report.nextRetryAt),
    };
  }
}
