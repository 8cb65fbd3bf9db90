import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { Webhook } from 'standardwebhooks';
import { HttpService, reply } from '../../../test/support/http-service.js';
import { anOutboundCall } from '../../../test/support/outbound-call.js';
import { freePort } from '../../../test/support/programs.js';
import { callEnd } from '../../batch-jobs/call.outcome.js';
import { ExactNumber } from '../../shared/exact-json.js';
import { DialerRefusal } from '../dialer.js';
import { HttpDialer } from './http.dialer.js';
import { MAX_ANSWER_BYTES } from './http-exchange.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const CALL = anOutboundCall();
const PATIENT = () => AbortSignal.timeout(10_000);
const SHORT = () => AbortSignal.timeout(300);

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

/** Whatever was thrown, by its name. */
const thrown = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    (value) => new Error(`nothing thrown: ${JSON.stringify(value)}`),
    (error: unknown) => error as Error,
  );

describe('what a call service gets', () => {
  it('is the whole call, signed, with its id as the idempotency key', async () => {
    service.answerWith(202);
    await dialer.place(CALL, PATIENT());

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
    await dialer.place({ ...CALL, contactData: { crmId: new ExactNumber('9007199254740993') } }, PATIENT());

    const [{ headers, body }] = service.received;
    expect(body).toContain('"contactData":{"crmId":9007199254740993}');
    new Webhook(SECRET).verify(body, headers as Record<string, string>);
  });

  it('is no signature of another secret, and none of another body', async () => {
    service.answerWith(202);
    await dialer.place(CALL, PATIENT());

    const [{ headers, body }] = service.received;
    const sent = headers as Record<string, string>;
    const other = new Webhook(`whsec_${Buffer.alloc(24, 8).toString('base64')}`);
    expect(() => other.verify(body, sent)).toThrow('No matching signature');
    expect(() => new Webhook(SECRET).verify(body.replace('Ada', 'Eve'), sent)).toThrow('No matching signature');
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
    expect(await dialer.place(CALL, PATIENT())).toMatchObject(placed);
    expect(service.received).toHaveLength(1);
  });
});

describe('an answer that says that the call was certainly not placed', () => {
  it.each([400, 403, 408, 410, 413, 422, 301, 302, 303, 307])('%i is a carrier error', async (status) => {
    service.answerWith(status, undefined, { location: `${service.url}/elsewhere` });
    expect(await dialer.place(CALL, PATIENT())).toEqual(callEnd('carrier_error', { errorCode: `http_${status}` }));
    expect(service.received.map(({ path }) => path)).toEqual(['/calls']);
  });

  it('has the code of the problem as the reason', async () => {
    service.answerWith(422, { code: 'no_such_template' });
    const end = callEnd('carrier_error', { errorCode: 'http_422', reason: 'no_such_template' });
    expect(await dialer.place(CALL, PATIENT())).toEqual(end);
  });

  it('404 with a code of its own speaks of the call, not of the address', async () => {
    service.answerWith(404, { code: 'contact_unknown' });
    expect(await dialer.place(CALL, PATIENT())).toMatchObject({ outcome: 'carrier_error', errorCode: 'http_404' });
  });

  it.each<[number, unknown, string]>([
    [401, undefined, 'dialer_misconfigured'],
    [401, { code: 'bad_signature' }, 'dialer_misconfigured'],
    [404, '<html>not here</html>', 'dialer_misconfigured'],
    [405, undefined, 'dialer_misconfigured'],
    [422, { code: 'dialer_misconfigured' }, 'dialer_misconfigured'],
    [422, { code: 'agent_not_found' }, 'agent_not_found'],
    [404, { code: 'agent_not_found' }, 'agent_not_found'],
  ])('%i with %j fails the batch as %s', async (status, body, reason) => {
    service.answerWith(status, body);
    const error = await thrown(dialer.place(CALL, PATIENT()));
    expect(error).toBeInstanceOf(DialerRefusal);
    expect((error as DialerRefusal).reason).toBe(reason);
  });

  it('nobody listens: a carrier error when the time is over', async () => {
    const nobody = new HttpDialer({ url: `http://127.0.0.1:${await freePort()}`, secret: SECRET });
    expect(await nobody.place(CALL, SHORT())).toEqual(callEnd('carrier_error', { errorCode: 'ECONNREFUSED' }));
  });

  it('no such name: the same', async () => {
    const nobody = new HttpDialer({ url: 'http://calls.invalid', secret: SECRET });
    const { outcome, errorCode } = (await nobody.place(CALL, SHORT())) as ReturnType<typeof callEnd>;
    expect({ outcome, isOfDns: /^(ENOTFOUND|EAI_AGAIN)$/.test(errorCode ?? '') }).toEqual({
      outcome: 'carrier_error',
      isOfDns: true,
    });
  });

  it('is asked again after 429, as late as it says, and once it is taken not again', async () => {
    let tries = 0;
    service.answer = (_, response) =>
      (tries += 1) === 1 ? reply(response, 429, undefined, { 'retry-after': '0' }) : reply(response, 202);
    expect(await dialer.place(CALL, PATIENT())).toMatchObject({ outcome: null });
    expect(service.received.map(({ headers }) => headers['idempotency-key'])).toEqual([CALL.callId, CALL.callId]);
  });

  it('ends as a carrier error when it is 429 until the end', async () => {
    service.answerWith(429);
    expect(await dialer.place(CALL, SHORT())).toEqual(callEnd('carrier_error', { errorCode: 'http_429' }));
  });

  it('is placed when the call service comes up in time', async () => {
    const port = await freePort();
    const late = new HttpDialer({ url: `http://127.0.0.1:${port}`, secret: SECRET });
    const placing = late.place(CALL, PATIENT());
    const server = createServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n')),
    ).listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await placing).toMatchObject({ outcome: null });
    server.close();
  });
});

describe('what leaves the call unknown, and is not tried again', () => {
  it.each<[string, number, unknown]>([
    ['500', 500, undefined],
    ['502 with a page', 502, '<html>'],
    ['503', 503, undefined],
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
    const error = await thrown(dialer.place(CALL, PATIENT()));
    expect(error).toMatchObject({ name: 'UnclearAnswerError', message: expect.stringContaining(String(status)) });
    expect(service.received).toHaveLength(1);
  });

  it('no answer in time', async () => {
    service.answer = () => undefined;
    expect(await thrown(dialer.place(CALL, SHORT()))).toMatchObject({
      name: 'UnansweredError',
      message: 'No answer: TimeoutError',
    });
    expect(service.received).toHaveLength(1);
  });

  it('a process that ends', async () => {
    const ending = new AbortController();
    service.answer = () => ending.abort();
    expect(await thrown(dialer.place(CALL, ending.signal))).toMatchObject({ message: 'No answer: AbortError' });
  });

  it('a process that ends while it waits for the call service: the contact is called later, not ended', async () => {
    const ending = new AbortController();
    service.answer = (_request, response) => {
      response.once('finish', () => setTimeout(() => ending.abort(), 100));
      reply(response, 429, undefined, { 'retry-after': '60' });
    };
    expect(await thrown(dialer.place(CALL, ending.signal))).toMatchObject({ name: 'UnansweredError' });
  });

  it.each<[string, (socket: { destroy(): unknown; write(text: string): unknown }) => void]>([
    ['a cut connection', (socket) => socket.destroy()],
    ['half an answer', (socket) => (socket.write('HTTP/1.1 200 OK\r\nContent-Le'), socket.destroy())],
    ['what is not HTTP', (socket) => (socket.write('hello\r\n\r\n'), socket.destroy())],
  ])('%s', async (_, misbehave) => {
    service.answer = (_request, response) => response.socket && misbehave(response.socket);
    expect(await thrown(dialer.place(CALL, PATIENT()))).toMatchObject({ name: 'UnansweredError' });
    expect(service.received).toHaveLength(1);
  });

  it('a body that never ends', async () => {
    service.answer = (_request, response) => void response.writeHead(200).write('{"outcome":');
    expect(await thrown(dialer.place(CALL, SHORT()))).toMatchObject({ name: 'UnclearAnswerError' });
  });

  it('a body that goes on for ever is not read to its end', async () => {
    let isStopped = false;
    service.answer = (_request, response) => {
      const more = (): void => void (isStopped || response.write(Buffer.alloc(16_384, 32), more));
      response.once('close', () => (isStopped = true)).writeHead(200);
      more();
    };
    expect(await thrown(dialer.place(CALL, PATIENT()))).toMatchObject({ name: 'UnclearAnswerError' });
  });

  it('says nothing of the contact in what is thrown', async () => {
    service.answerWith(500, { message: `cannot call ${CALL.toPhoneNumber}` });
    const { message } = await thrown(dialer.place(CALL, PATIENT()));
    expect(message).not.toContain(CALL.toPhoneNumber);
  });
});

describe('looking up', () => {
  const lookUp = () => dialer.lookUp({ callId: CALL.callId, organizationId: 'org_a', providerCallId: null }, PATIENT());

  it.each<[string, number, unknown, unknown]>([
    ['goes on', 200, { status: 'in_progress' }, 'in_progress'],
    ['has ended', 200, { outcome: 'busy', errorCode: '486' }, callEnd('busy', { errorCode: '486' })],
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
    [200, 'garbage'],
    [200, { status: 'ended' }],
  ])('cannot tell by %i and %j', async (status, body) => {
    service.answerWith(status, body);
    expect(await thrown(lookUp())).toMatchObject({ name: 'UnclearAnswerError' });
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
    await there.place(CALL, PATIENT());
    service.answerWith(404);
    await there.lookUp({ callId: CALL.callId, organizationId: 'org_a', providerCallId: null }, PATIENT());
    expect(service.received.map((request) => request.path)).toEqual([posted, asked]);
  });
});
