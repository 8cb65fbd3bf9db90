import { describe, expect, it } from '@jest/globals';
import { callEnd } from '../../batch-jobs/call.outcome.js';
import { callSnooze } from '../../batch-jobs/call.snooze.js';
import { endOf, type TwilioStatus } from './twilio.outcomes.js';

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

describe('a call that Twilio accepted, and did not make', () => {
  it.each([
    ['10001', 'account_suspended'],
    ['10004', 'provider_busy'],
    ['20429', 'provider_busy'],
    ['13214', 'dialer_misconfigured'],
    ['21210', 'dialer_misconfigured'],
  ] as const)('failed with %s: it waits, for %s', (errorCode, reason) => {
    expect(endOf({ status: 'failed', errorCode })).toEqual(callSnooze(reason, { errorCode }));
  });

  it.each(['11200', '12100'])('failed with %s, which comes after the call has begun: it does not wait', (errorCode) => {
    expect(endOf({ status: 'failed', errorCode })).toEqual(callEnd('carrier_error', { errorCode }));
  });

  it.each(['busy', 'no-answer', 'completed'])('%s is what it is, whatever code is beside it', (status) => {
    expect(endOf({ status, errorCode: '10004' })).not.toMatchObject({ outcome: 'snoozed' });
  });
});
