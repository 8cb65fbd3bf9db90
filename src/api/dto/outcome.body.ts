import { CALL_OUTCOMES, callEnd, type CallEnd, type CallOutcome } from '../../batch-jobs/call.outcome.js';
import { MAX_CODE_LENGTH, MAX_DURATION_SECONDS, MAX_REASON_LENGTH } from '../../calling/dialers/end.reader.js';
import { OptionalTextField, OptionalWholeNumberField, RequiredOneOfField } from './fields.js';

const [code, reason] = [{ max: MAX_CODE_LENGTH }, { max: MAX_REASON_LENGTH }];

/** How a call ended, as its provider tells it. */
export class OutcomeBody {
  @RequiredOneOfField({
    values: CALL_OUTCOMES,
    description: 'How the call ended. After `no_answer`, `busy` and `timeout` the contact may be called again.',
  })
  outcome: CallOutcome;

  @OptionalWholeNumberField({
    min: 0,
    max: MAX_DURATION_SECONDS,
    example: 42,
    description: 'Length of the conversation in whole seconds.',
  })
  durationSeconds?: number | null;

  @OptionalTextField({ ...code, example: '486', description: 'Your own code of a failure.' })
  errorCode?: string | null;

  @OptionalTextField({ ...reason, example: 'voicemail', description: 'Why it ended so. No names or numbers.' })
  reason?: string | null;

  @OptionalTextField({ ...code, example: 'room-7f3a', description: 'Where it took place.' })
  roomName?: string | null;

  @OptionalTextField({ ...code, example: 'CA0123456789', description: 'Your own id of the call.' })
  providerCallId?: string | null;

  toEnd(): CallEnd {
    return callEnd(this.outcome, {
      durationSeconds: this.durationSeconds ?? null,
      // Empty text says as little as none.
      errorCode: this.errorCode || null,
      reason: this.reason || null,
      roomName: this.roomName || null,
      providerCallId: this.providerCallId || null,
    });
  }
}
