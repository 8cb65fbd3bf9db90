import { callEnd, type CallEnd, type CallOutcome } from '../../batch-jobs/call.outcome.js';
import type { CallSnooze } from '../../batch-jobs/call.snooze.js';
import { MAX_DURATION_SECONDS } from './end.reader.js';
import { byCode } from './twilio.codes.js';

/** What Twilio says of a call: in a status callback, or when it is asked. Everything but the status may be absent. */
export interface TwilioStatus {
  /** `'completed'`, `'no-answer'`, … */
  readonly status: string;
  /** Whole seconds, as text. */
  readonly durationSeconds?: string | null;
  /** Of a failed call: `'404'`. */
  readonly sipResponseCode?: string | null;
  /** Of a failed call, from Twilio's own list: `'13224'`. */
  readonly errorCode?: string | null;
}

/** Twilio's statuses of a call that has ended (twilio.com/docs/voice/api/call-resource, read 2026-11); others go on. */
const OUTCOMES: Readonly<Record<string, CallOutcome>> = {
  completed: 'answered',
  'no-answer': 'no_answer',
  busy: 'busy',
  canceled: 'cancelled',
  failed: 'failed',
};

/** Its statuses of a call that goes on (the same page; `initiated` is named for callbacks only). */
const OPEN: readonly string[] = ['queued', 'initiated', 'ringing', 'in-progress'];

/** Whether a call with such a status certainly goes on. */
export const isOpen = (status: string): boolean => OPEN.includes(status);

/** SIP responses that say more of a failed call than that the carrier failed (RFC 3261, 8197 and 8688). */
const BY_SIP_RESPONSE: Readonly<Record<string, CallOutcome>> = {
  403: 'blocked',
  603: 'blocked',
  607: 'blocked',
  608: 'blocked',
  404: 'invalid_number',
  410: 'invalid_number',
  484: 'invalid_number',
  604: 'invalid_number',
  408: 'timeout',
  480: 'no_answer',
  486: 'busy',
  600: 'busy',
  487: 'cancelled',
};

/**
 * How a call ended by what Twilio says of it; null while it goes on. One that Twilio accepted, and then did not make
 * for the state of the account, is a snooze.
 */
export function endOf(call: TwilioStatus): CallEnd | CallSnooze | null {
  const outcome = Object.hasOwn(OUTCOMES, call.status) ? OUTCOMES[call.status] : null;
  if (outcome === null) return null;
  if (outcome === 'answered') return callEnd('answered', { durationSeconds: toSeconds(call.durationSeconds) });
  if (outcome !== 'failed') return callEnd(outcome, { errorCode: failureCode(call) });
  return (call.errorCode ? byCode(call.errorCode) : null) ?? callEnd(whyFailed(call), { errorCode: failureCode(call) });
}

const whyFailed = ({ errorCode, sipResponseCode }: TwilioStatus): CallOutcome => {
  if (sipResponseCode && Object.hasOwn(BY_SIP_RESPONSE, sipResponseCode)) return BY_SIP_RESPONSE[sipResponseCode];
  return errorCode || sipResponseCode ? 'carrier_error' : 'failed';
};

/** Twilio's own code says more; 200 is the SIP response of a call that did not fail. */
const failureCode = ({ errorCode, sipResponseCode }: TwilioStatus): string | null => {
  const code = errorCode || sipResponseCode;
  return code && /^\d{3,6}$/.test(code) && code !== '200' ? code : null;
};

const toSeconds = (text: string | null | undefined): number | null =>
  text && /^\d{1,5}$/.test(text) && Number(text) <= MAX_DURATION_SECONDS ? Number(text) : null;
