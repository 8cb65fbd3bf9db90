import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../../../test/support/eventually.js';
import { collectGarbage } from '../../../test/support/garbage.js';
import { HttpService } from '../../../test/support/http-service.js';
import { anOutboundCall } from '../../../test/support/outbound-call.js';
import { freePort } from '../../../test/support/programs.js';
import { risesAfter } from '../../../test/support/rises-after.js';
import { thrown } from '../../../test/support/thrown.js';
import { callEnd } from '../../batch-jobs/call.outcome.js';
import { callSnooze, type SnoozeReason } from '../../batch-jobs/call.snooze.js';
import { Clock } from '../../shared/clock.js';
import { withDeadline } from '../../shared/deadline.js';
import { DialerRefusal, WITHDRAWN, type OutboundCall } from '../dialer.js';
import { ExactNumber } from '../../shared/exact-json.js';
import { HttpDialer } from './http.dialer.js';
import { MAX_ANSWER_BYTES } from './http-exchange.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const CALL = anOutboundCall();
const PATIENT = () => risesAfter(10_000);
const SHORT = () => risesAfter(300);
const PERMITTED = async (): Promise<boolean> => true;

let service: HttpService;
let dialer: HttpDialer;
beforeAll(async () => {
  service = await HttpService.start();
  dialer = new HttpDialer({ url: `${service.url}/calls`, secret: SECRET });
});
afterAll(() => service.stop());
beforeEach(() => {
  service.received.length = 0;
});

const place = (call: OutboundCall = CALL, signal = PATIENT()) => dialer.place(call, signal, PERMITTED);

describe('what a call service gets', () => {
  it('is the whole call, signed, with its id as the idempotency key', async () => {
    service.answerWith(202);
    await place();

    const [{ method, path, headers, body }] = service.received;
    expect({ method, path, body: JSON.parse(body) }).toEqual({ method: 'POST', path: '/calls', body: CALL });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': CALL.callId,
      'webhook-id': CALL.callId,
    });
    expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual(CALL);
  });

  it('has the numbers of the contact as they were uploaded, beyond those of JavaScript', async () => {
    service.answerWith(202);
    await place({ ...CALL, contactData: { crmId: new ExactNumber('9007199254740993') } });

    const [{ headers, body }] = service.received;
    expect(body).toContain('"contactData":{"crmId":9007199254740993}');
    new Webhook(SECRET).verify(body, headers as Record<string, string>);
  });

  it('is no signature of another secret, and none of another body', async () => {
    service.answerWith(202);
    await place();

    const [{ headers, body }] = service.received;
    const sent = headers as Record<string, string>;
    const other = new Webhook(`whsec_${Buffer.alloc(24, 8).toString('base64')}`);
    expect(() => other.verify(body, sent)).toThrow('No matching signature');
    expect(() => new Webhook(SECRET).verify(body.replace('Ada', 'Eve'), sent)).toThrow('No matching signature');
  });
});

describe('a secret that is being changed', () => {
  const previousSecret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

  it('signs with both: a call service may know either', async () => {
    const changing = new HttpDialer({ url: service.url, secret: SECRET, previousSecret });
    service.answerWith(202);
    await changing.place(CALL, PATIENT(), PERMITTED);
    service.answerWith(404);
    await changing.lookUp({ callId: CALL.callId, organizationId: 'org_a', providerCallId: null }, PATIENT());

    expect(service.received).toHaveLength(2);
    for (const { headers, body } of service.received) {
      const sent = headers as Record<string, string>;
      expect(sent['webhook-signature'].split(' ')).toHaveLength(2);
      for (const known of [SECRET, previousSecret]) {
        expect(() => new Webhook(known).verify(body, sent)).not.toThrow();
      }
    }
  });
});

describe('an answer that ends the call, or accepts it', () => {
  const everything = {
    outcome: 'answered',
    durationSeconds: 42,
    errorCode: '200',
    reason: 'voicemail',
    roomName: 'room-7',
    providerCallId: 'p-1',
  };

  it.each<[string, number, unknown, object]>([
    ['200 with everything', 200, everything, everything],
    ['200 with an outcome only', 200, { outcome: 'busy' }, callEnd('busy')],
    ['200 with more than is known', 200, { outcome: 'busy', mood: 'sad' }, callEnd('busy')],
    ['200 with a part of a second', 200, { outcome: 'answered', durationSeconds: 41.6 }, { durationSeconds: 42 }],
    ['200 with an endless call', 200, { outcome: 'answered', durationSeconds: 1e9 }, callEnd('answered')],
    ['200 with a number for text', 200, { outcome: 'failed', errorCode: 500 }, callEnd('failed')],
    ['200 with text that cannot be stored', 200, { outcome: 'failed', reason: 'a\0b' }, callEnd('failed')],
    ['200 with half a character', 200, { outcome: 'failed', reason: '\ud800!' }, callEnd('failed')],
    ['200 with too much text', 200, { outcome: 'failed', reason: 'x'.repeat(9_999) }, { reason: 'x'.repeat(500) }],
    ['200 cut in a character', 200, { outcome: 'failed', reason: `${'x'.repeat(499)}😀` }, { reason: 'x'.repeat(499) }],
    ['202 with its ids', 202, everything, { outcome: null, providerCallId: 'p-1', roomName: 'room-7' }],
    ['202 without a body', 202, undefined, { outcome: null, providerCallId: null, roomName: null }],
    ['202 with garbage', 202, '<html>', { outcome: null, providerCallId: null, roomName: null }],
    ['422 with an outcome', 422, { outcome: 'invalid_number' }, callEnd('invalid_number')],
    [
      '403 with an outcome',
      403,
      { outcome: 'blocked', reason: 'opted_out' },
      { outcome: 'blocked', reason: 'opted_out' },
    ],
  ])('%s', async (_, status, body, placed) => {
    service.answerWith(status, body);
    expect(await place()).toMatchObject(placed);
    expect(service.received).toHaveLength(1);
  });
});

describe('an answer that says that the one call was certainly not placed', () => {
  it.each([400, 413, 422, 451])('%i is a carrier error', async (status) => {
    service.answerWith(status);
    expect(await place()).toEqual(callEnd('carrier_error', { errorCode: `http_${status}` }));
    expect(service.received).toHaveLength(1);
  });

  it.each([422, 403, 404, 405, 410])(
    '%i with a code of its own speaks of the call: the code is the reason',
    async (status) => {
      service.answerWith(status, { code: 'no_such_template' });
      const end = callEnd('carrier_error', { errorCode: `http_${status}`, reason: 'no_such_template' });
      expect(await place()).toEqual(end);
    },
  );

  it.each([422, 404])('%i with agent_not_found fails the batch', async (status) => {
    service.answerWith(status, { code: 'agent_not_found' });
    const error = await thrown(place());
    expect(error).toBeInstanceOf(DialerRefusal);
    expect((error as DialerRefusal).reason).toBe('agent_not_found');
  });
});

describe('an answer that says that no call is placed at the moment', () => {
  it.each<[number, unknown, SnoozeReason, string]>([
    [429, undefined, 'provider_busy', 'http_429'],
    [429, { code: 'slow_down' }, 'provider_busy', 'http_429'],
    [429, { outcome: 'failed' }, 'provider_busy', 'http_429'],
    [429, { code: 'insufficient_balance' }, 'insufficient_balance', 'insufficient_balance'],
    [401, undefined, 'dialer_misconfigured', 'http_401'],
    [401, { code: 'bad_signature' }, 'dialer_misconfigured', 'http_401'],
    [401, { outcome: 'blocked' }, 'dialer_misconfigured', 'http_401'],
    [402, undefined, 'insufficient_balance', 'http_402'],
    [403, '<html>go away</html>', 'dialer_misconfigured', 'http_403'],
    [404, '<html>not here</html>', 'dialer_misconfigured', 'http_404'],
    [405, undefined, 'dialer_misconfigured', 'http_405'],
    [408, undefined, 'provider_failing', 'http_408'],
    [410, undefined, 'dialer_misconfigured', 'http_410'],
    [415, undefined, 'dialer_misconfigured', 'http_415'],
    [422, { code: 'dialer_misconfigured' }, 'dialer_misconfigured', 'dialer_misconfigured'],
    [422, { code: 'provider_busy' }, 'provider_busy', 'provider_busy'],
    [403, { code: 'account_suspended' }, 'account_suspended', 'account_suspended'],
    [402, { code: 'insufficient_balance' }, 'insufficient_balance', 'insufficient_balance'],
    [503, { code: 'provider_busy' }, 'provider_busy', 'provider_busy'],
  ])('%i with %j: the contact waits, for %s', async (status, body, reason, errorCode) => {
    service.answerWith(status, body);
    expect(await place()).toEqual(callSnooze(reason, { errorCode }));
    expect(service.received).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])(
    '%i is not followed: who redirects has taken nothing, from any call',
    async (status) => {
      service.answerWith(status, undefined, { location: `${service.url}/elsewhere` });
      expect(await place()).toEqual(callSnooze('dialer_misconfigured', { errorCode: `http_${status}` }));
      expect(service.received.map(({ path }) => path)).toEqual(['/calls']);
    },
  );

  it.each<[number, string, number | null]>([
    [429, '7', 7_000],
    [429, '0', 0],
    [503, '120', 120_000],
    [503, 'Mon, 01 Mar 2027 15:02:00 GMT', 120_000],
    [429, 'Mon, 01 Mar 2027 15:02:00 GMT', 120_000],
    [429, 'Mon, 01 Mar 2027 14:00:00 GMT', 0],
    [429, 'Tue, 01 Mar 2039 15:00:00 GMT', 86_400_000],
    [429, '9999999', 86_400_000],
    [429, 'soon', null],
    [429, '-5', null],
    [429, 'Mon, 99 Mar 2027 15:02:00 GMT', null],
  ])('%i with Retry-After %j says when to come again', async (status, retryAfter, retryAfterMs) => {
    const clock = Object.assign(new Clock(), { now: () => new Date('2027-03-01T15:00:00Z') });
    const there = new HttpDialer({ url: service.url, secret: SECRET, clock });
    service.answerWith(status, undefined, { 'retry-after': retryAfter });
    const snooze = callSnooze('provider_busy', { errorCode: `http_${status}`, retryAfterMs });
    expect(await there.place(CALL, PATIENT(), PERMITTED)).toEqual(snooze);
  });

  it('beside a name that the call service gives, too', async () => {
    service.answerWith(503, { code: 'account_suspended' }, { 'retry-after': '60' });
    const known = { errorCode: 'account_suspended', retryAfterMs: 60_000 };
    expect(await place()).toEqual(callSnooze('account_suspended', known));
  });

  it('nobody listens: not sent again, and no fault of the contact', async () => {
    const nobody = new HttpDialer({ url: `http://127.0.0.1:${await freePort()}`, secret: SECRET });
    const snooze = callSnooze('provider_unreachable', { errorCode: 'ECONNREFUSED' });
    expect(await nobody.place(CALL, PATIENT(), PERMITTED)).toEqual(snooze);
  });
});

describe('a call that may not be placed any more', () => {
  it('is withdrawn, and nothing is sent', async () => {
    service.answerWith(202);
    expect(await dialer.place(CALL, PATIENT(), async () => false)).toBe(WITHDRAWN);
    expect(service.received).toEqual([]);
  });

  it('is withdrawn when the process has ended before it was sent', async () => {
    service.answerWith(202);
    expect(await place(CALL, AbortSignal.abort())).toBe(WITHDRAWN);
    expect(service.received).toEqual([]);
  });
});

describe('what leaves the call unknown, and is not tried again', () => {
  it.each<[string, number, unknown]>([
    ['500', 500, undefined],
    ['502 with a page', 502, '<html>'],
    ['503 that does not say when to come again', 503, undefined],
    ['500 with a name', 500, { code: 'provider_busy' }],
    ['502 with a name', 502, { code: 'insufficient_balance' }],
    ['504', 504, undefined],
    ['500 that tells an outcome', 500, { outcome: 'failed' }],
    ['409: it has the call already', 409, undefined],
    ['200 without a body', 200, undefined],
    ['200 with garbage', 200, '{"outcome": "answ'],
    ['200 without an outcome', 200, { status: 'fine' }],
    ['200 with an outcome that is none', 200, { outcome: 'constructor' }],
    ['200 with a list', 200, [{ outcome: 'busy' }]],
    ['200 with more than is read', 200, { outcome: 'busy', more: 'x'.repeat(MAX_ANSWER_BYTES) }],
    ['204', 204, undefined],
    ['201 with an outcome', 201, { outcome: 'busy' }],
  ])('%s', async (_, status, body) => {
    service.answerWith(status, body);
    const error = await thrown(place());
    expect(error).toMatchObject({ name: 'UnclearAnswerError', message: expect.stringContaining(String(status)) });
    expect(service.received).toHaveLength(1);
  });

  it('no answer in time', async () => {
    service.answer = () => undefined;
    expect(await thrown(place(CALL, SHORT()))).toMatchObject({
      name: 'UnansweredError',
      message: 'No answer: TimeoutError',
    });
    expect(service.received).toHaveLength(1);
  });

  it('a process that ends', async () => {
    const ending = new AbortController();
    service.answer = () => ending.abort();
    expect(await thrown(place(CALL, ending.signal))).toMatchObject({ message: 'No answer: AbortError' });
  });

  it('no answer, also when garbage is collected meanwhile', async () => {
    service.answer = () => undefined;
    const placing = thrown(withDeadline(2_000, new AbortController().signal, (signal) => place(CALL, signal)));
    await eventually(() => expect(service.received).toHaveLength(1));
    await collectGarbage();
    expect(await placing).toMatchObject({ name: 'UnansweredError', message: 'No answer: TimeoutError' });
    expect(service.received).toHaveLength(1);
  });

  it.each<[string, (socket: { destroy(): unknown; write(text: string): unknown }) => void]>([
    ['a cut connection', (socket) => socket.destroy()],
    ['half an answer', (socket) => (socket.write('HTTP/1.1 200 OK\r\nContent-Le'), socket.destroy())],
    ['what is not HTTP', (socket) => (socket.write('hello\r\n\r\n'), socket.destroy())],
  ])('%s', async (_, misbehave) => {
    service.answer = (_request, response) => response.socket && misbehave(response.socket);
    expect(await thrown(place())).toMatchObject({ name: 'UnansweredError' });
    expect(service.received).toHaveLength(1);
  });

  it('a body that never ends', async () => {
    service.answer = (_request, response) => void response.writeHead(200).write('{"outcome":');
    expect(await thrown(place(CALL, SHORT()))).toMatchObject({ name: 'UnclearAnswerError' });
  });

  it('a body that goes on for ever is not read to its end', async () => {
    let isStopped = false;
    service.answer = (_request, response) => {
      const more = (): void => void (isStopped || response.write(Buffer.alloc(16_384, 32), more));
      response.once('close', () => (isStopped = true)).writeHead(200);
      more();
    };
    expect(await thrown(place())).toMatchObject({ name: 'UnclearAnswerError' });
  });

  it('says nothing of the contact in what is thrown', async () => {
    service.answerWith(500, { message: `cannot call ${CALL.toPhoneNumber}` });
    const { message } = await thrown(place());
    expect(message).not.toContain(CALL.toPhoneNumber);
  });
});

describe('looking up', () => {
  const lookUp = () => dialer.lookUp({ callId: CALL.callId, organizationId: 'org_a', providerCallId: null }, PATIENT());

  it.each<[string, number, unknown, unknown]>([
    ['goes on', 200, { status: 'in_progress' }, 'in_progress'],
    ['has ended', 200, { outcome: 'busy', errorCode: '486' }, callEnd('busy', { errorCode: '486' })],
    ['was never placed', 200, { code: 'provider_busy' }, callSnooze('provider_busy', { errorCode: 'provider_busy' })],
    ['is not known', 404, undefined, null],
  ])('a call that %s', async (_, status, body, found) => {
    service.answerWith(status, body);
    expect(await lookUp()).toEqual(found);
    const [{ method, path, headers }] = service.received;
    expect({ method, path }).toEqual({ method: 'GET', path: `/calls/${CALL.callId}` });
    expect(() => new Webhook(SECRET).verify('', headers as Record<string, string>)).not.toThrow();
  });

  it.each([
    [500, undefined],
    [401, undefined],
    [429, undefined],
    [503, { code: 'provider_busy' }],
    [200, 'garbage'],
    [200, { code: 'agent_not_found' }],
    [200, { status: 'ended' }],
  ])('cannot tell by %i and %j', async (status, body) => {
    service.answerWith(status, body);
    expect(await thrown(lookUp())).toMatchObject({ name: 'UnclearAnswerError' });
    expect(service.received).toHaveLength(1);
  });
});

describe('the address', () => {
  it.each([
    ['/v1/calls/', '/v1/calls/', `/v1/calls/${CALL.callId}`],
    ['/calls?tenant=7', '/calls?tenant=7', `/calls/${CALL.callId}?tenant=7`],
    ['', '/', `/${CALL.callId}`],
  ])('%j is posted to as it is, and asked with the id at its end', async (path, posted, asked) => {
    const there = new HttpDialer({ url: `${service.url}${path}`, secret: SECRET });
    service.answerWith(202);
    await there.place(CALL, PATIENT(), PERMITTED);
    service.answerWith(404);
    await there.lookUp({ callId: CALL.callId, organizationId: 'org_a', providerCallId: null }, PATIENT());
    expect(service.received.map((request) => request.path)).toEqual([posted, asked]);
  });
});
