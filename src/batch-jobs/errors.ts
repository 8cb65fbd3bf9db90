import { DomainError } from '../shared/domain-error.js';
import { CALL_SETTINGS } from './batch-job-history.entity.js';
import { ALLOWED, NOT_STARTED, type BatchJobStatus } from './batch-job.status.js';
import type { EntityTag } from './entity-tag.js';

/** Unknown, or of another organization: the two cannot be told apart. */
export class JobNotFoundError extends DomainError {
  readonly code = 'job_not_found';

  constructor() {
    super('Batch job not found');
  }
}

const quoted = (words: readonly string[]): string[] => words.map((word) => `'${word}'`);

/** `'completed', 'failed' and 'cancelled'`. */
const inWords = (statuses: readonly BatchJobStatus[]): string => {
  const [last, ...others] = quoted(statuses).toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
};

// In the order of the published contract.
const NOT_STARTED_IN_WORDS = inWords(NOT_STARTED.toReversed());

/** The status does not allow a verb. */
abstract class StatusRefusal extends DomainError {
  readonly code = 'invalid_status';

  /** @param allowed a sentence on what would be allowed, and of which statuses */
  constructor(
    verb: string,
    currentStatus: BatchJobStatus,
    allowed: string,
    allowedStatuses: readonly BatchJobStatus[],
  ) {
    super(`Cannot ${verb} job in '${currentStatus}' status. ${allowed}`, { currentStatus, allowedStatuses });
  }
}

/** The status does not allow a verb that needs a job which has not begun. */
export class NotReschedulableError extends StatusRefusal {
  constructor(currentStatus: BatchJobStatus) {
    super('reschedule', currentStatus, `Only ${NOT_STARTED_IN_WORDS} jobs can be rescheduled.`, ALLOWED.reschedule);
  }
}

/** Cannot be started (again). A running job has a code of its own. */
export class NotStartableError extends DomainError {
  readonly code: 'already_running' | 'invalid_status';

  constructor(currentStatus: BatchJobStatus) {
    super(`Cannot start job in '${currentStatus}' status. Only ${NOT_STARTED_IN_WORDS} jobs can be started.`, {
      currentStatus,
      allowedStatuses: ALLOWED.start,
    });
    this.code = currentStatus === 'running' ? 'already_running' : 'invalid_status';
  }
}

/** Only a running job can be held. */
export class NotPausableError extends StatusRefusal {
  constructor(currentStatus: BatchJobStatus) {
    super('pause', currentStatus, `Only ${inWords(ALLOWED.pause)} jobs can be paused.`, ALLOWED.pause);
  }
}

/** Only a job that is held can go on. */
export class NotResumableError extends StatusRefusal {
  constructor(currentStatus: BatchJobStatus) {
    super('resume', currentStatus, `Only ${inWords(ALLOWED.resume)} jobs can be resumed.`, ALLOWED.resume);
  }
}

const LIMITS_CHANGEABLE =
  `Only its name and description can be changed now; ${quoted(CALL_SETTINGS).join(', ')} of ` +
  `${quoted(ALLOWED.changeLimits).join(', ')} jobs.`;

/** It has ended: how calls are placed means nothing any more. */
export class NotChangeableError extends StatusRefusal {
  constructor(currentStatus: BatchJobStatus) {
    super('change limits of', currentStatus, LIMITS_CHANGEABLE, ALLOWED.changeLimits);
  }
}

/** Already ended: only jobs that have not can be cancelled. */
export class AlreadyTerminalError extends DomainError {
  readonly code = 'already_terminal';

  constructor(currentStatus: BatchJobStatus) {
    super(`Cannot cancel job in '${currentStatus}' status`, {
      currentStatus,
      allowedStatuses: ALLOWED.cancel,
    });
  }
}

/** It runs: its contacts are being called. */
export class NotDeletableError extends StatusRefusal {
  constructor(currentStatus: BatchJobStatus) {
    super('delete', currentStatus, 'Cancel it first; jobs in any other status can be deleted.', ALLOWED.delete);
  }
}

/** It has not ended: its results are not final. */
export class NotExportableError extends StatusRefusal {
  constructor(currentStatus: BatchJobStatus) {
    super('export', currentStatus, `Only ${inWords(ALLOWED.export)} jobs can be exported.`, ALLOWED.export);
  }
}

/** The job has another entity tag than the caller asked for: somebody changed it meanwhile. */
export class VersionMismatchError extends DomainError {
  readonly code = 'version_mismatch';

  constructor(readonly entityTag: EntityTag) {
    super(
      `The batch job was changed meanwhile: its tag is ${entityTag}. Read it again, and send that tag in If-Match.`,
      {
        currentTag: entityTag,
      },
    );
  }
}

/** The job has not started, so there is nothing to tell of its start. */
export class StartReceiptNotFoundError extends DomainError {
  readonly code = 'start_receipt_not_found';

  constructor(currentStatus: BatchJobStatus, facts: Readonly<Record<string, unknown>>) {
    super(`The batch job has not started: it is '${currentStatus}'. A start receipt exists from the start on.`, {
      currentStatus,
      ...facts,
    });
  }
}

/** No such call, or one of another organization: the two cannot be told apart. */
export class CallNotFoundError extends DomainError {
  readonly code = 'call_not_found';

  constructor() {
    super('Call not found');
  }
}

/** The organization has no such number. Ids longer than 64 characters are not echoed. */
export class PhoneNumberNotFoundError extends DomainError {
  readonly code = 'phone_number_not_found';

  constructor(phoneNumberId: string) {
    super(`Phone number ${phoneNumberId} not found`);
  }
}

/** Nobody could speak on the calls. */
export class NoOutboundAgentError extends DomainError {
  readonly code = 'no_outbound_agent';

  constructor(phoneNumberId: string, isTextOnly: boolean) {
    super(
      isTextOnly
        ? `The outbound agent of phone number ${phoneNumberId} is text-only. Assign an agent that can speak.`
        : `Phone number ${phoneNumberId} has no outbound agent. Assign one before creating a batch.`,
    );
  }
}

/** The platform's credit check said no. */
export class InsufficientCreditsError extends DomainError {
  readonly code = 'insufficient_credits';

  constructor(requiredDollars: number, availableDollars: number) {
    const [required, available] = [requiredDollars.toFixed(2), availableDollars.toFixed(2)];
    super(`Insufficient credits: this batch needs about $${required} and $${available} is available.`, {
      requiredDollars: required,
      availableDollars: available,
    });
  }
}
