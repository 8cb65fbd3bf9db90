import { callEnd, type CallEnd, type CallOutcome } from '../../batch-jobs/call.outcome.js';
import { callSnooze, type CallSnooze, type SnoozeReason } from '../../batch-jobs/call.snooze.js';
import { reasonOfStatus } from './refused-status.js';

/**
 * Twilio's own codes that say why the one call cannot be made (its Error and Warning Dictionary,
 * twilio.com/docs/api/errors, read 2026-11): of a refused request, and of a failed call. A country that the account may
 * not call is the called number's affair here: the numbers of a list differ in it.
 */
const OF_THE_CALL: Readonly<Record<string, CallOutcome>> = {
  13223: 'invalid_number', // invalid phone number format
  13224: 'invalid_number', // not supported, or invalid
  13226: 'invalid_number', // invalid country code
  21201: 'invalid_number', // no number to call
  21211: 'invalid_number', // invalid 'To'
  21214: 'invalid_number', // 'To' cannot be reached
  21217: 'invalid_number', // does not appear to be valid
  13225: 'blocked', // on Twilio's list
  13227: 'blocked', // not allowed by geographic permissions
  21202: 'blocked', // a premium number
  21203: 'blocked', // international calls are not enabled
  21215: 'blocked', // not allowed by geographic permissions
  21216: 'blocked', // by Twilio: fraud, or regulation
  21219: 'blocked', // a trial account, which calls verified numbers only
  21610: 'blocked', // the person wants none
  32224: 'blocked', // regulation of the region
  573005: 'blocked', // a trial account, and the number is not verified yet
};

/**
 * Those that every call would be refused with (the same source). All of them are judged before anybody is called.
 * Twilio has none for an empty account: it is suspended then (10001).
 */
const OF_THE_ACCOUNT: Readonly<Record<string, SnoozeReason>> = {
  10001: 'account_suspended', // not active: no funds, or suspended
  10005: 'account_suspended', // voice calls are disabled
  20005: 'account_suspended', // not active
  20010: 'account_suspended', // the action is disabled
  20403: 'account_suspended', // forbidden: typically suspended or closed
  90010: 'account_suspended', // not active
  10004: 'provider_busy', // most calls at one time
  20429: 'provider_busy', // too many requests: "never processed"
  31206: 'provider_busy', // more than the authorized rate
  86008: 'provider_busy', // most calls at one time
  10002: 'dialer_misconfigured', // not in a trial account
  20003: 'dialer_misconfigured', // credentials
  20006: 'dialer_misconfigured', // access denied
  20008: 'dialer_misconfigured', // test credentials
  20404: 'dialer_misconfigured', // no such account
  13214: 'dialer_misconfigured', // invalid number that calls
  13247: 'dialer_misconfigured', // the same: its characters
  13248: 'dialer_misconfigured', // the same: its length
  21200: 'dialer_misconfigured', // the parameters of the request
  21205: 'dialer_misconfigured', // the TwiML address
  21206: 'dialer_misconfigured', // to 21209: parameters that are the same for each call
  21207: 'dialer_misconfigured',
  21208: 'dialer_misconfigured',
  21209: 'dialer_misconfigured',
  21210: 'dialer_misconfigured', // the number that calls is not verified
  21212: 'dialer_misconfigured', // invalid 'From'
  21213: 'dialer_misconfigured', // no 'From'
  21218: 'dialer_misconfigured', // no such application
  573002: 'dialer_misconfigured', // the number that calls, of a trial account
};

/** What a call ends as that was refused, or has failed, with a code of Twilio's; null: the code is not known here. */
export function byCode(code: string): CallEnd | CallSnooze | null {
  if (Object.hasOwn(OF_THE_CALL, code)) return callEnd(OF_THE_CALL[code], { errorCode: code });
  return Object.hasOwn(OF_THE_ACCOUNT, code) ? callSnooze(OF_THE_ACCOUNT[code], { errorCode: code }) : null;
}

// What Twilio numbers so is about accounts, and about requests of any kind.
const AREAS_OF_THE_ACCOUNT = /^(100|200)\d\d$/;

/**
 * What becomes of a call that Twilio certainly did not make: an answer below 500.
 *
 * @param code Twilio's own; null when somebody on the way has answered, who knows nothing of the call
 */
export function ofRefusal(status: number, code: number | null): CallEnd | CallSnooze {
  const reason = reasonOfStatus(status);
  if (code === null) return callSnooze(reason ?? 'dialer_misconfigured', { errorCode: `http_${status}` });
  const errorCode = String(code);
  const known = byCode(errorCode);
  if (known) return known;
  if (reason) return callSnooze(reason, { errorCode });
  if (AREAS_OF_THE_ACCOUNT.test(errorCode)) return callSnooze('dialer_misconfigured', { errorCode });
  return callEnd('carrier_error', { errorCode });
}
