import { CALL_OUTCOMES, callEnd, type CallEnd } from '../../batch-jobs/call.outcome.js';

/** A day: the longest call there can be. */
export const MAX_DURATION_SECONDS = 86_400;

/** Longest error code, room name and provider's id that are kept, and the longest reason. */
export const MAX_CODE_LENGTH = 200;
export const MAX_REASON_LENGTH = 500;

// PostgreSQL can store neither U+0000 nor half a surrogate pair.
const STORABLE = /^[^\0\p{Cs}]+$/u;

/**
 * The end of a call that a call service tells in JSON: `{"outcome": "busy", "errorCode": "486"}`.
 *
 * The outcome is what matters: what is not usable beside it counts as unknown, and what is too long is cut.
 *
 * @returns null when it tells no outcome, or one that is not known here
 */
export function readEnd(body: unknown): CallEnd | null {
  if (!isObject(body)) return null;
  const outcome = CALL_OUTCOMES.find((known) => known === body.outcome);
  if (!outcome) return null;
  return callEnd(outcome, {
    durationSeconds: readSeconds(body.durationSeconds),
    errorCode: readText(body.errorCode, MAX_CODE_LENGTH),
    reason: readText(body.reason, MAX_REASON_LENGTH),
    ...readPlace(body),
  });
}

/** Under what the provider knows a call, and where it takes place; null for what it does not tell. */
export function readPlace(body: unknown): Pick<CallEnd, 'providerCallId' | 'roomName'> {
  const { providerCallId, roomName } = isObject(body) ? body : {};
  return {
    providerCallId: readText(providerCallId, MAX_CODE_LENGTH),
    roomName: readText(roomName, MAX_CODE_LENGTH),
  };
}

/** The stable word of a problem that a call service answers with. Null without one. */
export const readCode = (body: unknown): string | null =>
  isObject(body) ? readText(body.code, MAX_CODE_LENGTH) : null;

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const readText = (value: unknown, maxLength: number): string | null => {
  // A cut may go through a character.
  const text = typeof value === 'string' ? value.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '') : '';
  return STORABLE.test(text) ? text : null;
};

const readSeconds = (value: unknown): number | null =>
  typeof value === 'number' && value >= 0 && value <= MAX_DURATION_SECONDS ? Math.round(value) : null;
