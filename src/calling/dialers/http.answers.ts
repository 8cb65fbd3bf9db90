import { callEnd } from '../../batch-jobs/call.outcome.js';
import { callSnooze, type CallSnooze, type SnoozeReason } from '../../batch-jobs/call.snooze.js';
import type { Clock } from '../../shared/clock.js';
import { DialerRefusal, type CallLookUp, type PlacedCall } from '../dialer.js';
import { isObject, readCode, readEnd, readPlace } from './end.reader.js';
import { toJson, UnclearAnswerError, type HttpAnswer } from './http-exchange.js';
import { reasonOfStatus } from './refused-status.js';
import { readRetryAfter } from './retry-after.js';

/** What a call service can say of itself, by name. That it does not answer is for us to say. */
const SAID_REASONS = [
  'provider_busy',
  'dialer_misconfigured',
  'account_suspended',
  'insufficient_balance',
] as const satisfies readonly SnoozeReason[];

// It has the call already, from another try (draft-ietf-httpapi-idempotency-key-header, section 2.7).
const CONFLICT = 409;

const UNAVAILABLE = 503;

/**
 * What the answer to a request for a call says of it: see `docs/decisions/0017-dialers.md`.
 *
 * @throws DialerRefusal       no call of the batch can be placed
 * @throws UnclearAnswerError  the call may be on
 */
export function toPlacedCall(answer: HttpAnswer, clock: Clock): PlacedCall {
  const { status } = answer;
  const body = toJson(answer.text);
  if (status === 202) return { outcome: null, ...readPlace(body) };
  const isRefused = status >= 300 && status < 500 && status !== CONFLICT;
  if (isRefused || status === UNAVAILABLE) return toNotPlaced(answer, body, clock);
  const end = status === 200 ? readEnd(body) : null;
  if (!end) throw unclear(status);
  return end;
}

/** What the answer says to the question what became of a call. @throws UnclearAnswerError  nothing that can be read */
export function toFound({ status, text }: HttpAnswer): CallLookUp {
  if (status === 404) return null;
  if (status !== 200) throw unclear(status);
  const body = toJson(text);
  if (isObject(body) && body.status === 'in_progress') return 'in_progress';
  const found = readEnd(body) ?? saidSnooze(body);
  if (!found) throw unclear(status);
  return found;
}

/** The call was certainly not placed. @throws DialerRefusal  nor can any other of the batch be */
function toNotPlaced({ status, headers }: HttpAnswer, body: unknown, clock: Clock): PlacedCall {
  const code = readCode(body);
  const retryAfterMs = readRetryAfter(headers['retry-after'], clock);
  const said = saidSnooze(body);
  if (said) return { ...said, retryAfterMs };
  if (status === UNAVAILABLE) {
    // Whoever says when to come again has taken nothing: that is part of the contract. Without it, it may be a gateway.
    if (retryAfterMs === null) throw unclear(status);
    return callSnooze('provider_busy', { errorCode: `http_${status}`, retryAfterMs });
  }
  const ofStatus = reasonOfStatus(status);
  const snooze = ofStatus && callSnooze(ofStatus, { errorCode: `http_${status}`, retryAfterMs });
  // Whatever is beside them: it speaks of the call service, or of us.
  if (snooze && (status === 429 || status === 401)) return snooze;
  const end = readEnd(body);
  if (end) return end;
  if (code === 'agent_not_found') throw new DialerRefusal('agent_not_found', 'the call service has no such agent');
  // With a code of its own, it is what the call service says of the call.
  if (snooze && code === null) return snooze;
  return callEnd('carrier_error', { errorCode: `http_${status}`, reason: code });
}

const saidSnooze = (body: unknown): CallSnooze | null => {
  const code = readCode(body);
  const reason = SAID_REASONS.find((known) => known === code);
  return reason ? callSnooze(reason, { errorCode: code }) : null;
};

const unclear = (status: number): UnclearAnswerError =>
  new UnclearAnswerError(`The call service answered ${status}, which does not tell what became of the call`);
