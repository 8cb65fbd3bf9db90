import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import twilio from 'twilio';
import { OrganizationsService } from '../../../src/access/organizations.service.js';
import { TwilioDialer } from '../../../src/calling/dialers/twilio.dialer.js';
import { eventually } from '../../support/eventually.js';
import { contactIn, endLeases, startBatch } from '../../support/running-batch.js';
import { TestApp, type Answer } from '../../support/test-app.js';
import { ACCOUNT_SID, AUTH_TOKEN, TwilioService } from '../../support/twilio-service.js';

describe('twilio', () => {
  const PUBLIC_URL = 'https://jobs.example.com/voice';
  const UNKNOWN_CALL = 'call_01ARZ3NDEKTSV4RRFFQ69G5FAV';

  let service: TwilioService;
  let app: TestApp;
  beforeAll(async () => {
    service = await TwilioService.start();
    const dialer = new TwilioDialer({
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      twimlUrl: 'https://voice.example.com/twiml',
      publicUrl: `${PUBLIC_URL}/`,
      apiUrl: service.url,
    });
    app = await TestApp.start({ dialer, consumeQueues: true });
    // Calls that a test leaves in flight keep their slots.
    await app.app.get(OrganizationsService, { strict: false }).setCallLimit('org_a', 100);
  });
  afterAll(async () => {
    await app.stop();
    await service.stop();
  });
  beforeEach(() => {
    service.behave();
    service.refusal = null;
  });

  /** What Twilio was asked for last, and under which of our ids. */
  interface Placed {
    readonly batchJobId: string;
    readonly callId: string;
    readonly sid: string;
  }

  const placed = async (): Promise<Placed> => {
    const batchJobId = await startBatch(app);
    return eventually(() => {
      for (const [sid, { asked }] of service.calls) {
        const { searchParams } = new URL(asked.get('Url') ?? '');
        if (searchParams.get('batchJobId') === batchJobId) {
          return { batchJobId, callId: searchParams.get('callId') ?? '', sid };
        }
      }
      throw new Error('Twilio was not asked yet');
    });
  };

  const urlOf = (callId: string): string => `${PUBLIC_URL}/batch/calls/${callId}/twilio`;
  const signed = (callId: string, fields: Readonly<Record<string, string>>, token = AUTH_TOKEN): string =>
    twilio.getExpectedTwilioSignature(token, urlOf(callId), fields);

  /** Sends a callback as Twilio does. @param signature undefined: the right one; null: none */
  const callback = (callId: string, fields: Readonly<Record<string, string>>, signature?: string | null) => {
    const given = signature === undefined ? signed(callId, fields) : signature;
    const headers = new Headers(given === null ? {} : { 'x-twilio-signature': given });
    return app.send('POST', `/batch/calls/${callId}/twilio`, { body: new URLSearchParams(fields), headers }, null);
  };

  const said = ({ sid }: Pick<Placed, 'sid'>, CallStatus: string, more = {}): Record<string, string> => ({
    CallSid: sid,
    AccountSid: ACCOUNT_SID,
    From: '+12025550100',
    To: '+12025550123',
    Direction: 'outbound-api',
    ApiVersion: '2010-04-01',
    Timestamp: 'Mon, 01 Mar 2027 15:00:00 +0000',
    CallbackSource: 'call-progress-events',
    SequenceNumber: '0',
    CallStatus,
    ...more,
  });

  describe('a call with Twilio', () => {
    it('ends with its status callback', async () => {
      const call = await placed();
      expect(service.calls.get(call.sid)?.asked.get('StatusCallback')).toBe(urlOf(call.callId));
      const answer = await callback(call.callId, said(call, 'completed', { CallDuration: '42', Duration: '1' }));

      expect(answer).toMatchObject({ status: 204, body: '' });
      expect(await contactIn(app, call.batchJobId, 'completed')).toMatchObject({ callDuration: 42, errorCode: null });
    });

    it.each([
      ['no-answer', {}, 'queued', null],
      ['busy', { SipResponseCode: '486' }, 'queued', '486'],
      ['canceled', {}, 'cancelled', null],
      ['failed', { SipResponseCode: '404' }, 'invalid_number', '404'],
      ['failed', { SipResponseCode: '503' }, 'carrier_error', '503'],
      ['failed', { ErrorCode: '13227', SipResponseCode: '403' }, 'blocked', '13227'],
    ])('%s with %j leaves the contact %3$s', async (status, more, contactStatus, errorCode) => {
      const call = await placed();
      expect((await callback(call.callId, said(call, status, more))).status).toBe(204);
      expect(await contactIn(app, call.batchJobId, contactStatus)).toMatchObject({ errorCode });
    });

    it('takes callbacks in any order and number', async () => {
      const call = await placed();
      for (const status of ['initiated', 'ringing', 'in-progress', 'something-new']) {
        expect((await callback(call.callId, said(call, status))).status).toBe(204);
      }
      await contactIn(app, call.batchJobId, 'dialing');

      const completed = said(call, 'completed', { CallDuration: '5' });
      const answers = await Promise.all([1, 2, 3].map(() => callback(call.callId, completed)));
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
      expect((await callback(call.callId, said(call, 'ringing'))).status).toBe(204);
      expect((await callback(call.callId, said(call, 'busy'))).status).toBe(204);
      expect(await contactIn(app, call.batchJobId, 'completed')).toMatchObject({ callDuration: 5 });
    });

    it('may end before Twilio has answered, and then keeps the id of the callback', async () => {
      const behave = service.http.answer;
      const sid = `CA${'7'.repeat(32)}`;
      service.http.answer = async (request, response) => {
        const callId = new URL(new URLSearchParams(request.body).get('Url') ?? '').searchParams.get('callId') ?? '';
        expect((await callback(callId, said({ sid }, 'completed', { CallDuration: '1' }))).status).toBe(204);
        await behave(request, response);
      };
      const batchJobId = await startBatch(app);
      await contactIn(app, batchJobId, 'completed');
      const [call] = await app.database.query<object[]>('select * from call_attempts where batch_job_id = $1', [
        batchJobId,
      ]);
      expect(call).toMatchObject({ outcome: 'answered', provider_call_id: sid });
    });

    it('is looked up when its callback was lost', async () => {
      const call = await placed();
      await eventually(async () => {
        const [{ accepted_at: at }] = await app.database.query<{ accepted_at: unknown }[]>(
          'select accepted_at from call_attempts where id = $1',
          [call.callId],
        );
        expect(at).not.toBeNull();
      });
      Object.assign(service.calls.get(call.sid) ?? {}, { status: 'completed', duration: '9' });
      await endLeases(app);
      expect(await contactIn(app, call.batchJobId, 'completed')).toMatchObject({ callDuration: 9 });
    });

    it('that is refused for its number ends the contact', async () => {
      service.refusal = { status: 400, code: 21211 };
      expect(await contactIn(app, await startBatch(app), 'invalid_number')).toMatchObject({ errorCode: '21211' });
    });

    it('that is refused for the account waits, and is made when the account is in order', async () => {
      service.refusal = { status: 400, code: 10001 };
      const batchJobId = await startBatch(app);
      await eventually(() => expect(service.http.received.some(({ body }) => body.includes(batchJobId))).toBe(true));
      expect(await contactIn(app, batchJobId, 'pending')).toMatchObject({ attemptCount: 0 });

      service.refusal = null;
      expect(await contactIn(app, batchJobId, 'dialing')).toMatchObject({ attemptCount: 1 });
    });

    it('that was accepted, and failed for want of lines, waits and is made again', async () => {
      const call = await placed();
      expect((await callback(call.callId, said(call, 'failed', { ErrorCode: '10004' }))).status).toBe(204);
      const callsOfBatch = (): number =>
        [...service.calls.values()].filter(({ asked }) => asked.get('Url')?.includes(call.batchJobId)).length;
      await eventually(() => expect(callsOfBatch()).toBe(2));
      expect(await contactIn(app, call.batchJobId, 'dialing')).toMatchObject({ attemptCount: 1 });
    });
  });

  describe('a callback that Twilio did not send', () => {
    const FORGED: readonly [string, (call: Placed) => Promise<Answer>][] = [
      ['without a signature', (call) => callback(call.callId, said(call, 'completed'), null)],
      ['with an empty one', (call) => callback(call.callId, said(call, 'completed'), '')],
      ['with any', (call) => callback(call.callId, said(call, 'completed'), 'bm90IGEgc2lnbmF0dXJl')],
      [
        'with that of another token',
        (call) => callback(call.callId, said(call, 'busy'), signed(call.callId, said(call, 'busy'), 'e'.repeat(32))),
      ],
      [
        'with that of another call',
        (call) => callback(call.callId, said(call, 'busy'), signed(UNKNOWN_CALL, said(call, 'busy'))),
      ],
      [
        'with that of another status',
        (call) => callback(call.callId, said(call, 'completed'), signed(call.callId, said(call, 'busy'))),
      ],
      [
        'with a field more than was signed',
        (call) => callback(call.callId, { ...said(call, 'busy'), More: '1' }, signed(call.callId, said(call, 'busy'))),
      ],
      [
        'with JSON',
        (call) => {
          const headers = { 'content-type': 'application/json', 'x-twilio-signature': signed(call.callId, {}) };
          const body = JSON.stringify(said(call, 'completed'));
          return app.send('POST', `/batch/calls/${call.callId}/twilio`, { body, headers }, null);
        },
      ],
    ];

    it.each(FORGED)('%s is refused', async (_, send) => {
      const call = await placed();
      expect(await send(call)).toMatchObject({ status: 403, body: { code: 'invalid_signature', success: false } });
      await contactIn(app, call.batchJobId, 'dialing');
    });

    it('is refused with a key, too: keys do not stand in for the signature', async () => {
      const call = await placed();
      const path = `/batch/calls/${call.callId}/twilio`;
      const answer = await app.send('POST', path, { body: new URLSearchParams(said(call, 'completed')) });
      expect(answer).toMatchObject({ status: 403, body: { code: 'invalid_signature' } });
    });

    it('is refused unread when it is longer than any of Twilio, or does not say how long it is', async () => {
      const fields = { CallStatus: 'completed', More: 'x'.repeat(70_000) };
      expect(await callback(UNKNOWN_CALL, fields)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });

      const { hostname, port } = new URL(app.url);
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': 'any' };
      const path = `/batch/calls/${UNKNOWN_CALL}/twilio`;
      const endless = httpRequest({ hostname, port, path, method: 'POST', headers });
      endless.write('CallStatus=');
      const [response] = (await once(endless, 'response')) as [{ statusCode: number }];
      expect(response.statusCode).toBe(413);
      endless.destroy();
    });

    it('names an unknown call only to who can sign', async () => {
      const fields = { CallSid: 'CA1', CallStatus: 'completed' };
      expect(await callback(UNKNOWN_CALL, fields)).toMatchObject({ status: 404, body: { code: 'call_not_found' } });
      expect(await callback(UNKNOWN_CALL, fields, 'any')).toMatchObject({ status: 403 });
      expect(await callback(UNKNOWN_CALL, { ...fields, CallStatus: 'ringing' })).toMatchObject({ status: 204 });
    });
  });

  describe('where calls are not placed with Twilio', () => {
    it('there is no such route, signed or not, and it is in no document', async () => {
      const other = await TestApp.start();
      try {
        const headers = { 'x-twilio-signature': signed(UNKNOWN_CALL, {}) };
        const answer = await other.send('POST', `/batch/calls/${UNKNOWN_CALL}/twilio`, { headers }, null);
        expect(answer).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
        const { paths } = (await app.get('/docs/openapi.json', null)).body;
        expect(Object.keys(paths).filter((path) => path.includes('twilio'))).toEqual([]);
      } finally {
        await other.stop();
      }
    });
  });
});
