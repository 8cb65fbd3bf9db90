import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import twilioClient from 'twilio';
import { anOutboundCall } from '../../../test/support/outbound-call.js';
import { freePort } from '../../../test/support/programs.js';
import { risesAfter } from '../../../test/support/rises-after.js';
import { thrown } from '../../../test/support/thrown.js';
import { ACCOUNT_SID, AUTH_TOKEN, TwilioService } from '../../../test/support/twilio-service.js';
import { callEnd } from '../../batch-jobs/call.outcome.js';
import { callSnooze } from '../../batch-jobs/call.snooze.js';
import { WITHDRAWN, type OutboundCall } from '../dialer.js';
import { TwilioDialer, type TwilioDialerOptions } from './twilio.dialer.js';

const CALL = anOutboundCall();
const PATIENT = () => risesAfter(10_000);
const SHORT = () => risesAfter(300);

let twilio: TwilioService;
beforeAll(async () => {
  twilio = await TwilioService.start();
});
afterAll(() => twilio.stop());
beforeEach(() => {
  twilio.behave();
  twilio.refusal = null;
  twilio.http.received.length = 0;
});

const aDialer = (options: Partial<TwilioDialerOptions> = {}): TwilioDialer =>
  new TwilioDialer({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    twimlUrl: 'https://voice.example.com/twiml?version=2',
    publicUrl: 'https://jobs.example.com',
    apiUrl: twilio.url,
    ...options,
  });

const PERMITTED = async (): Promise<boolean> => true;
const place = (dialer = aDialer(), signal = PATIENT(), call: OutboundCall = CALL) =>
  dialer.place(call, signal, PERMITTED);

const lookUp = (providerCallId: string | null, dialer = aDialer()) =>
  dialer.lookUp({ callId: CALL.callId, organizationId: 'org_a', providerCallId }, PATIENT());

describe('placing', () => {
  it('asks Twilio for the call, and takes its id', async () => {
    const placed = await place();

    const [[sid, { asked }]] = [...twilio.calls].slice(-1);
    expect(placed).toEqual({ outcome: null, providerCallId: sid, roomName: null });
    expect(twilio.http.received).toHaveLength(1);
    const { Url: twimlUrl, ...rest } = Object.fromEntries(asked);
    expect(rest).toEqual({
      To: '+12025550123',
      From: '+12025550100',
      StatusCallback: `https://jobs.example.com/batch/calls/${CALL.callId}/twilio`,
      TimeLimit: '3600',
      Timeout: '45',
    });
    const { origin, pathname, searchParams } = new URL(twimlUrl);
    expect(`${origin}${pathname}`).toBe('https://voice.example.com/twiml');
    expect(Object.fromEntries(searchParams)).toEqual({
      version: '2',
      callId: CALL.callId,
      batchJobId: CALL.batchJobId,
      contactId: CALL.contactId,
      agentId: CALL.agentId,
    });
  });

  it('rings as long as it is told, and asks for no longer call than Twilio makes', async () => {
    await place(aDialer({ ringSeconds: 20 }), PATIENT(), anOutboundCall({ maxCallSeconds: 86_400 }));
    const { asked } = [...twilio.calls.values()].at(-1) ?? {};
    expect([asked?.get('Timeout'), asked?.get('TimeLimit')]).toEqual(['20', '14400']);
  });

  it('reaches another address under a path of its own', async () => {
    const before = twilio.http.answer;
    twilio.http.answer = (request, response) =>
      before({ ...request, path: request.path.replace('/proxy', '') }, response);
    await place(aDialer({ apiUrl: `${twilio.url}/proxy/` }));
    expect(twilio.http.received[0].path).toBe(`/proxy/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`);
  });

  it.each([
    [400, 21211, 'invalid_number'],
    [400, 21216, 'blocked'],
    [400, 21220, 'carrier_error'],
    [400, 987_654, 'carrier_error'],
  ])('%i with %i is %s', async (status, code, outcome) => {
    twilio.refusal = { status, code };
    expect(await place()).toMatchObject({ outcome, errorCode: String(code) });
    expect(twilio.http.received).toHaveLength(1);
  });

  it.each([
    ['an account that is suspended', 400, 10001, 'account_suspended'],
    ['an account that is closed', 401, 20005, 'account_suspended'],
    ['as many calls as it may make', 400, 10004, 'provider_busy'],
    ['too many requests', 429, 20429, 'provider_busy'],
    ['an account that is not there', 404, 20404, 'dialer_misconfigured'],
    ['test credentials', 403, 20008, 'dialer_misconfigured'],
    ['a number that may not call', 400, 21210, 'dialer_misconfigured'],
    ['a TwiML address that is none', 400, 21205, 'dialer_misconfigured'],
    ['a code of the account that is new', 400, 10099, 'dialer_misconfigured'],
    ['a code that is new, with 403', 403, 987_654, 'dialer_misconfigured'],
  ] as const)('%s: the contact waits', async (_, status, code, reason) => {
    twilio.refusal = { status, code };
    expect(await place()).toEqual(callSnooze(reason, { errorCode: String(code) }));
    expect(twilio.http.received).toHaveLength(1);
  });

  it.each([
    ['403', 403, 'dialer_misconfigured'],
    ['404', 404, 'dialer_misconfigured'],
    ['400', 400, 'dialer_misconfigured'],
    ['429', 429, 'provider_busy'],
    ['a redirect', 302, 'dialer_misconfigured'],
  ] as const)("%s without a code is somebody's on the way: the contact waits", async (_, status, reason) => {
    twilio.http.answerWith(status, '<html>', { location: `${twilio.url}/elsewhere` });
    expect(await place()).toEqual(callSnooze(reason, { errorCode: `http_${status}` }));
    expect(twilio.http.received).toHaveLength(1);
  });

  it('wrong credentials: the contact waits', async () => {
    const placed = await place(aDialer({ authToken: 'e'.repeat(32) }));
    expect(placed).toEqual(callSnooze('dialer_misconfigured', { errorCode: '20003' }));
  });

  it('a number that only the host knows: the contact waits, and Twilio is not asked', async () => {
    const placed = await place(aDialer(), PATIENT(), anOutboundCall({ fromPhoneNumber: null }));
    expect(placed).toMatchObject({ outcome: 'snoozed', reason: 'dialer_misconfigured' });
    expect(twilio.http.received).toHaveLength(0);
  });

  it('passes on when to come again, and comes no sooner by itself', async () => {
    twilio.http.answerWith(429, { code: 20429, message: 'too many' }, { 'retry-after': '3' });
    expect(await place()).toEqual(callSnooze('provider_busy', { errorCode: '20429', retryAfterMs: 3_000 }));
    expect(twilio.http.received).toHaveLength(1);
  });

  it('nobody there: the contact waits', async () => {
    const nobody = aDialer({ apiUrl: `http://127.0.0.1:${await freePort()}` });
    expect(await place(nobody)).toEqual(callSnooze('provider_unreachable', { errorCode: 'ECONNREFUSED' }));
  });

  it('asks for the permission when the client is there, and sends nothing without', async () => {
    const dialer = aDialer();
    expect(await dialer.place(CALL, PATIENT(), async () => false)).toBe(WITHDRAWN);
    expect(twilio.http.received).toHaveLength(0);
  });

  it.each<[string, () => void, string]>([
    ['no answer', () => (twilio.http.answer = () => undefined), 'UnansweredError'],
    ['a cut connection', () => (twilio.http.answer = (_, { socket }) => socket?.destroy()), 'UnansweredError'],
    ["a gateway's 502", () => twilio.http.answerWith(502, '<html>'), 'UnclearAnswerError'],
    ['a page that says 200', () => twilio.http.answerWith(200, `<html>${CALL.toPhoneNumber}`), 'UnclearAnswerError'],
    ["a gateway's 504", () => twilio.http.answerWith(504), 'UnclearAnswerError'],
    ["Twilio's own 500", () => (twilio.refusal = { status: 500, code: 20500 }), 'UnclearAnswerError'],
    ["Twilio's own 503", () => (twilio.refusal = { status: 503, code: 20503 }), 'UnclearAnswerError'],
    [
      'a 500 with the code of a fault of the account',
      () => (twilio.refusal = { status: 500, code: 20003 }),
      'UnclearAnswerError',
    ],
  ])('%s leaves it unknown, and is not tried again', async (_, misbehave, name) => {
    misbehave();
    const error = await thrown(place(aDialer(), SHORT()));
    expect(error.name).toBe(name);
    expect(error.message).not.toContain(CALL.toPhoneNumber);
    expect(twilio.http.received).toHaveLength(1);
  });

  it("throws nothing of Twilio's own words, which name numbers", async () => {
    twilio.refusal = { status: 503, message: `The number ${CALL.toPhoneNumber} is unverified` };
    const { message } = await thrown(place());
    expect(message).toContain('503');
    expect(message).not.toContain(CALL.toPhoneNumber);
  });
});

describe('looking up', () => {
  const placed = async (status: string, duration: string | null = null): Promise<string> => {
    await place();
    const [[sid, call]] = [...twilio.calls].slice(-1);
    Object.assign(call, { status, duration });
    return sid;
  };

  it.each(['queued', 'initiated', 'ringing', 'in-progress'])('a call that is %s goes on', async (status) => {
    expect(await lookUp(await placed(status))).toBe('in_progress');
  });

  it('tells how a call ended', async () => {
    expect(await lookUp(await placed('completed', '42'))).toEqual(callEnd('answered', { durationSeconds: 42 }));
    expect(await lookUp(await placed('no-answer'))).toEqual(callEnd('no_answer'));
  });

  it('cannot tell of a call that Twilio does not know, or whose id never arrived', async () => {
    expect(await lookUp(`CA${'1'.repeat(32)}`)).toBeNull();
    twilio.http.received.length = 0;
    expect(await lookUp(null)).toBeNull();
    expect(twilio.http.received).toHaveLength(0);
  });

  it.each<[string, Parameters<typeof twilio.http.answerWith>]>([
    ['an error', [500, { code: 20500, message: 'sorry' }]],
    ['a redirect', [302, {}, { location: 'https://example.com' }]],
    ['a page', [200, '<html>']],
    ['no status', [200, { sid: 'CA' }]],
    ['a status of another kind', [200, { status: 7 }]],
    ['a status that is new', [200, { status: 'ringing-twice' }]],
  ])('throws when Twilio answers %s', async (_, answer) => {
    const sid = await placed('completed');
    twilio.http.answerWith(...answer);
    expect((await thrown(lookUp(sid))).name).toBe('UnclearAnswerError');
  });
});

describe('a status callback', () => {
  const url = `https://jobs.example.com/batch/calls/${CALL.callId}/twilio`;
  const [AUTH, BEFORE, OTHER] = [AUTH_TOKEN, 'b'.repeat(32), 'c'.repeat(32)];
  const read = (dialer: TwilioDialer, token: string, fields: Readonly<Record<string, string>>) =>
    dialer.readCallback(CALL.callId, twilioClient.getExpectedTwilioSignature(token, url, fields), fields);
  const completed = { CallSid: 'CA1', CallStatus: 'completed', CallDuration: '5' };
  const end = callEnd('answered', { durationSeconds: 5, providerCallId: 'CA1' });

  it('is taken with the token, and while it is changed with the one before as well', async () => {
    const changing = aDialer({ previousAuthToken: BEFORE });
    expect(await read(changing, AUTH, completed)).toEqual(end);
    expect(await read(changing, BEFORE, completed)).toEqual(end);
    await expect(read(changing, OTHER, completed)).rejects.toMatchObject({ code: 'invalid_signature' });
    await expect(read(aDialer(), BEFORE, completed)).rejects.toMatchObject({ code: 'invalid_signature' });
  });

  it.each([
    ['10004', 'provider_busy'],
    ['10001', 'account_suspended'],
  ] as const)(
    'of a call that failed with %s: it was accepted and never made, the contact waits',
    async (code, reason) => {
      const failed = { CallSid: 'CA1', CallStatus: 'failed', ErrorCode: code };
      expect(await read(aDialer(), AUTH, failed)).toEqual(callSnooze(reason, { errorCode: code }));
    },
  );
});
