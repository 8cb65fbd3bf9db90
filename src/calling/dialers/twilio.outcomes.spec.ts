import { describe, expect, it } from '@jest/globals';
import { callEnd } from '../../batch-jobs/call.outcome.js';
import { endOf, endOfRefused, type TwilioStatus } from './twilio.outcomes.js';

describe('what Twilio says of a call', () => {
  it.each<[TwilioStatus, ReturnType<typeof endOf>]>([
    [
      { status: 'completed', durationSeconds: '42', sipResponseCode: '200' },
      callEnd('answered', { durationSeconds: 42 }),
    ],
    [{ status: 'completed', durationSeconds: '0' }, callEnd('answered', { durationSeconds: 0 })],
    [{ status: 'completed', durationSeconds: null }, callEnd('answered')],
    [{ status: 'completed', durationSeconds: '-1' }, callEnd('answered')],
    [{ status: 'completed', durationSeconds: '99999' }, callEnd('answered')],
    [{ status: 'no-answer', durationSeconds: '0' }, callEnd('no_answer')],
    [{ status: 'no-answer', sipResponseCode: '200' }, callEnd('no_answer')],
    [{ status: 'no-answer', sipResponseCode: '487' }, callEnd('no_answer', { errorCode: '487' })],
    [{ status: 'busy', sipResponseCode: '486' }, callEnd('busy', { errorCode: '486' })],
    [{ status: 'canceled' }, callEnd('cancelled')],
    [{ status: 'failed' }, callEnd('failed')],
    [{ status: 'failed', sipResponseCode: 'nonsense' }, callEnd('carrier_error')],
  ])('%j', (said, end) => {
    expect(endOf(said)).toEqual(end);
  });

  it.each([
    ['404', 'invalid_number'],
    ['410', 'invalid_number'],
    ['484', 'invalid_number'],
    ['604', 'invalid_number'],
    ['403', 'blocked'],
    ['603', 'blocked'],
    ['607', 'blocked'],
    ['608', 'blocked'],
    ['408', 'timeout'],
    ['480', 'no_answer'],
    ['486', 'busy'],
    ['600', 'busy'],
    ['487', 'cancelled'],
    ['500', 'carrier_error'],
    ['503', 'carrier_error'],
    ['488', 'carrier_error'],
  ] as const)('failed with the SIP response %s is %s', (errorCode, outcome) => {
    expect(endOf({ status: 'failed', sipResponseCode: errorCode })).toEqual(callEnd(outcome, { errorCode }));
  });

  it.each([
    ['13224', 'invalid_number'],
    ['13227', 'blocked'],
    ['32011', 'busy'],
  ] as const)(
    "failed with Twilio's code %s and a busy line is %s: SIP decides where the code is not known",
    (errorCode, outcome) => {
      const said = { status: 'failed', errorCode, sipResponseCode: '486' };
      expect(endOf(said)).toEqual(callEnd(outcome, { errorCode }));
    },
  );

  it.each(['queued', 'initiated', 'ringing', 'in-progress', 'answered', '', 'constructor', '__proto__', 'new-one'])(
    '%j is no end',
    (status) => {
      expect(endOf({ status, durationSeconds: '5', sipResponseCode: '486' })).toBeNull();
    },
  );
});

describe('why Twilio refuses to make a call', () => {
  it.each([
    [21211, 'invalid_number'],
    [21214, 'invalid_number'],
    [21217, 'invalid_number'],
    [13223, 'invalid_number'],
    [21215, 'blocked'],
    [21216, 'blocked'],
    [21219, 'blocked'],
    [21610, 'blocked'],
    [13227, 'blocked'],
    [21220, 'carrier_error'],
    [20500, 'carrier_error'],
  ] as const)('%i is %s', (code, outcome) => {
    expect(endOfRefused(code)).toEqual(callEnd(outcome, { errorCode: String(code) }));
  });
});
