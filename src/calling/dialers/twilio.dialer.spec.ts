import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { anOutboundCall } from '../../../test/support/outbound-call.js';
import { freePort } from '../../../test/support/programs.js';
import { risesAfter } from '../../../test/support/rises-after.js';
import { ACCOUNT_SID, AUTH_TOKEN, TwilioService } from '../../../test/support/twilio-service.js';
import { callEnd } from '../../batch-jobs/call.outcome.js';
import { DialerRefusal } from '../dialer.js';
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

const thrown = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    (value) => new Error(`nothing thrown: ${JSON.stringify(value)}`),
    (error: unknown) => error as Error,
  );

const lookUp = (providerCallId: string | null, dialer = aDialer()) =>
  dialer.lookUp({ callId: CALL.callId, organizationId: 'org_a', providerCallId }, PATIENT());

describe('placing', () => {
  it('asks Twilio for the call, and takes its id', async () => {
    const placed = await aDialer().place(CALL, PATIENT());

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
    await aDialer({ ringSeconds: 20 }).place(anOutboundCall({ maxCallSeconds: 86_400 }), PATIENT());
    const { asked } = [...twilio.calls.values()].at(-1) ?? {};
    expect([asked?.get('Timeout'), asked?.get('TimeLimit')]).toEqual(['20', '14400']);
  });

  it('reaches another address under a path of its own', async () => {
    const before = twilio.http.answer;
    twilio.http.answer = (request, response) =>
      before({ ...request, path: request.path.replace('/proxy', '') }, response);
    await aDialer({ apiUrl: `${twilio.url}/proxy/` }).place(CALL, PATIENT());
    expect(twilio.http.received[0].path).toBe(`/proxy/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`);
  });

  it.each([
    [400, 21211, 'invalid_number'],
    [400, 21216, 'blocked'],
    [400, 21220, 'carrier_error'],
    [403, 20008, 'carrier_error'],
  ])('%i with %i is %s', async (status, code, outcome) => {
    twilio.refusal = { status, code };
    expect(await aDialer().place(CALL, PATIENT())).toMatchObject({ outcome, errorCode: String(code) });
    expect(twilio.http.received).toHaveLength(1);
  });

  it.each([
    ['403 without a code', 403],
    ['404 without a code', 404],
    ['a redirect', 302],
  ])('%s is a carrier error', async (_, status) => {
    twilio.http.answerWith(status, '<html>', { location: `${twilio.url}/elsewhere` });
    expect(await aDialer().place(CALL, PATIENT())).toEqual(callEnd('carrier_error', { errorCode: `http_${status}` }));
    expect(twilio.http.received).toHaveLength(1);
  });

  it.each<[string, () => TwilioDialer, { status: number; code: number } | null]>([
    ['wrong credentials', () => aDialer({ authToken: 'e'.repeat(32) }), null],
    ['an account that is not there', aDialer, { status: 404, code: 20404 }],
    ['an account that is closed', aDialer, { status: 401, code: 20005 }],
    ['a number that may not call', aDialer, { status: 400, code: 21210 }],
    ['a TwiML address that is none', aDialer, { status: 400, code: 21205 }],
  ])('%s fails the batch', async (_, make, refusal) => {
    twilio.refusal = refusal;
    const error = await thrown(make().place(CALL, PATIENT()));
    expect(error).toBeInstanceOf(DialerRefusal);
    expect((error as DialerRefusal).reason).toBe('dialer_misconfigured');
  });

  it('a number that only the host knows fails the batch, and Twilio is not asked', async () => {
    const error = await thrown(aDialer().place(anOutboundCall({ fromPhoneNumber: null }), PATIENT()));
    expect(error).toBeInstanceOf(DialerRefusal);
    expect(twilio.http.received).toHaveLength(0);
  });

  it('asks again after 429', async () => {
    const behave = twilio.http.answer;
    twilio.http.answer = (_request, response) => {
      twilio.http.answer = behave;
      response.writeHead(429, { 'retry-after': '0' }).end();
    };
    expect(await aDialer().place(CALL, PATIENT())).toMatchObject({ outcome: null });
    expect(twilio.http.received).toHaveLength(2);
  });

  it('nobody there is a carrier error', async () => {
    const nobody = aDialer({ apiUrl: `http://127.0.0.1:${await freePort()}` });
    expect(await nobody.place(CALL, SHORT())).toEqual(callEnd('carrier_error', { errorCode: 'ECONNREFUSED' }));
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
      'a 500 with the code of a fault of the batch',
      () => (twilio.refusal = { status: 500, code: 20003 }),
      'UnclearAnswerError',
    ],
  ])('%s leaves it unknown, and is not tried again', async (_, misbehave, name) => {
    misbehave();
    const error = await thrown(aDialer().place(CALL, SHORT()));
    expect(error.name).toBe(name);
    expect(error.message).not.toContain(CALL.toPhoneNumber);
    expect(twilio.http.received).toHaveLength(1);
  });

  it("throws nothing of Twilio's own words, which name numbers", async () => {
    twilio.refusal = { status: 503, message: `The number ${CALL.toPhoneNumber} is unverified` };
    const { message } = await thrown(aDialer().place(CALL, PATIENT()));
    expect(message).toContain('503');
    expect(message).not.toContain(CALL.toPhoneNumber);
  });
});

describe('looking up', () => {
  const placed = async (status: string, duration: string | null = null): Promise<string> => {
    await aDialer().place(CALL, PATIENT());
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
