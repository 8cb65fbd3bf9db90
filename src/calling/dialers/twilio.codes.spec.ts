import { expect, it } from '@jest/globals';
import { callEnd } from '../../batch-jobs/call.outcome.js';
import { callSnooze } from '../../batch-jobs/call.snooze.js';
import { ofRefusal } from './twilio.codes.js';

it.each([
  [21211, 'invalid_number'],
  [21214, 'invalid_number'],
  [21217, 'invalid_number'],
  [13223, 'invalid_number'],
  [13224, 'invalid_number'],
  [21202, 'blocked'],
  [21215, 'blocked'],
  [21216, 'blocked'],
  [21219, 'blocked'],
  [21610, 'blocked'],
  [13227, 'blocked'],
  [32224, 'blocked'],
  [21220, 'carrier_error'],
  [20_422_000, 'carrier_error'],
] as const)('%i is about the one number: %s', (code, outcome) => {
  expect(ofRefusal(400, code)).toEqual(callEnd(outcome, { errorCode: String(code) }));
});

it.each([
  [10001, 'account_suspended'],
  [10005, 'account_suspended'],
  [20005, 'account_suspended'],
  [20010, 'account_suspended'],
  [10004, 'provider_busy'],
  [20429, 'provider_busy'],
  [86008, 'provider_busy'],
  [10002, 'dialer_misconfigured'],
  [20003, 'dialer_misconfigured'],
  [20006, 'dialer_misconfigured'],
  [21205, 'dialer_misconfigured'],
  [21208, 'dialer_misconfigured'],
  [21210, 'dialer_misconfigured'],
  [21212, 'dialer_misconfigured'],
  [573_002, 'dialer_misconfigured'],
] as const)('%i is about the account, or what all calls have in common: %s', (code, reason) => {
  expect(ofRefusal(400, code)).toEqual(callSnooze(reason, { errorCode: String(code) }));
});

it.each([
  [401, 987_654, 'dialer_misconfigured'],
  [402, 987_654, 'insufficient_balance'],
  [429, 987_654, 'provider_busy'],
  [400, 10_077, 'dialer_misconfigured'],
  [400, 20_077, 'dialer_misconfigured'],
] as const)('of %i with %i, which is not known here, the status or the area decides: %s', (status, code, reason) => {
  expect(ofRefusal(status, code)).toEqual(callSnooze(reason, { errorCode: String(code) }));
});
