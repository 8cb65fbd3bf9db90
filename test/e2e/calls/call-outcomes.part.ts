import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeysService } from '../../../src/access/api-keys.service.js';
import { OrganizationsService } from '../../../src/access/organizations.service.js';
import { AcceptingDialer } from '../../support/accepting-dialer.js';
import { callOf, contactIn, startBatch } from '../../support/running-batch.js';
import { TestApp, type Answer } from '../../support/test-app.js';

describe('call outcomes', () => {
  const ALLOWED = 'answered, no_answer, busy, timeout, invalid_number, blocked, carrier_error, failed, cancelled';
  const UNKNOWN_CALL = 'call_01ARZ3NDEKTSV4RRFFQ69G5FAV';

  let app: TestApp;
  let key: string;
  let otherKey: string;
  beforeAll(async () => {
    app = await TestApp.start({ dialer: new AcceptingDialer(), consumeQueues: true });
    // Calls that a test leaves in flight keep their slots.
    await app.app.get(OrganizationsService, { strict: false }).setCallLimit('org_a', 100);
    key = await app.keyWith(['calls:report']);
    const keys = app.app.get(ApiKeysService, { strict: false });
    const scopes = ['calls:report'] as const;
    otherKey = (await keys.create({ organizationId: 'org_b', name: 'test', scopes, expiresAt: null })).key;
  });
  afterAll(() => app.stop());

  const report = (callId: string, body: unknown, by = key): Promise<Answer> =>
    app.post(`/batch/calls/${callId}/outcome`, body, by);

  /** A call in flight, and its batch. */
  const aCall = async (): Promise<{ batchJobId: string; callId: string }> => {
    const batchJobId = await startBatch(app);
    return { batchJobId, callId: await callOf(app, batchJobId) };
  };

  describe('POST /batch/calls/{callId}/outcome', () => {
    it('ends the call, and the batch with it', async () => {
      const { batchJobId, callId } = await aCall();
      const told = { outcome: 'answered', durationSeconds: 42, roomName: 'room-7', providerCallId: 'p-7' };

      expect(await report(callId, told)).toMatchObject({
        status: 200,
        body: {
          success: true,
          callId,
          batchJobId,
          recorded: true,
          contactStatus: 'completed',
          nextRetryAt: null,
        },
      });

      expect(await contactIn(app, batchJobId, 'completed')).toMatchObject({ callDuration: 42, roomName: 'room-7' });
      const [call] = await app.database.query<object[]>('select * from call_attempts where id = $1', [callId]);
      expect(call).toMatchObject({ outcome: 'answered', duration_seconds: 42, provider_call_id: 'p-7' });
    });

    it('keeps what it is not told, and takes null and nothing for the same', async () => {
      const { batchJobId, callId } = await aCall();
      const told = { outcome: 'failed', errorCode: null, reason: '', durationSeconds: null };
      expect(await report(callId, told)).toMatchObject({ status: 200, body: { contactStatus: 'failed' } });

      const [call] = await app.database.query<object[]>('select * from call_attempts where id = $1', [callId]);
      expect(call).toMatchObject({ provider_call_id: `provider_${callId}`, reason: null, error_code: null });
      expect(await contactIn(app, batchJobId, 'failed')).toMatchObject({ errorCode: null, failureReason: null });
    });

    it('says when the contact is called again', async () => {
      const { batchJobId, callId } = await aCall();
      const { body } = await report(callId, { outcome: 'busy', errorCode: '486', reason: 'line_busy' });

      const contact = await contactIn(app, batchJobId, 'queued');
      expect(contact).toMatchObject({ errorCode: '486', failureReason: 'line_busy', attemptCount: 1 });
      expect(body).toMatchObject({ recorded: true, contactStatus: 'queued', nextRetryAt: contact.nextRetryAt });
    });

    it('counts the first report only, of many at the same time too', async () => {
      const { batchJobId, callId } = await aCall();
      const outcomes = ['answered', 'busy', 'failed', 'answered', 'no_answer'];
      const answers = await Promise.all(outcomes.map((outcome) => report(callId, { outcome })));

      expect(answers.map(({ status }) => status)).toEqual(outcomes.map(() => 200));
      expect(answers.filter(({ body }) => body.recorded)).toHaveLength(1);
      const { body } = await report(callId, { outcome: 'blocked' });
      expect(body).toMatchObject({ recorded: false, batchJobId, contactStatus: null, nextRetryAt: null });
    });

    it('answers a repeated request with a key as before, and another request with that key not at all', async () => {
      const { callId } = await aCall();
      const send = (outcome: string) =>
        app.send(
          'POST',
          `/batch/calls/${callId}/outcome`,
          {
            body: JSON.stringify({ outcome }),
            headers: { 'content-type': 'application/json', 'idempotency-key': callId },
          },
          key,
        );
      const [first, second] = [await send('answered'), await send('answered')];
      expect(second.body).toEqual(first.body);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(await send('busy')).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    });

    it('knows neither a call of another organization nor one that never was', async () => {
      const { batchJobId, callId } = await aCall();
      const unknown = await report(UNKNOWN_CALL, { outcome: 'answered' });
      expect(unknown).toMatchObject({ status: 404, body: { code: 'call_not_found' } });
      for (const answer of [
        await report(callId, { outcome: 'answered' }, otherKey),
        await report('call_7', { outcome: 'answered' }),
        await report('%27%3b%00', { outcome: 'answered' }),
      ]) {
        expect({ ...answer.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
      }
      await contactIn(app, batchJobId, 'dialing');
      expect((await report(callId, { outcome: 'answered' })).body.recorded).toBe(true);
    });

    it('asks for the scope calls:report, which no other includes', async () => {
      const { callId } = await aCall();
      for (const scope of ['jobs:read', 'jobs:write', 'admin'] as const) {
        const answer = await report(callId, { outcome: 'answered' }, await app.keyWith([scope]));
        expect(answer).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
      }
      expect((await app.get('/batch/jobs', key)).status).toBe(403);
      expect((await report(callId, { outcome: 'answered' })).status).toBe(200);
    });

    const NOTHING = { duration_seconds: null, error_code: null, reason: null, room_name: null };
    it.each<[string, object, object]>([
      ['a field that is not known', { duration: 5, score: { mood: 'good' } }, NOTHING],
      ['a field that every object has', { constructor: 1, toString: 'x' }, NOTHING],
      ['part of a second', { durationSeconds: 8.6 }, { ...NOTHING, duration_seconds: 9 }],
      ['more than a day', { durationSeconds: 86_401 }, NOTHING],
      ['less than nothing', { durationSeconds: -1 }, NOTHING],
      ['a text for a number', { durationSeconds: '42' }, NOTHING],
      ['a number for text', { errorCode: 486, reason: { why: 'busy' } }, NOTHING],
      ['too long a reason', { reason: 'x'.repeat(9_999), errorCode: 'e'.repeat(201) }, { error_code: 'e'.repeat(200) }],
      ['text that cannot be stored', { roomName: 'a\0', reason: '\ud800!' }, NOTHING],
    ])('takes the outcome of a report with %s', async (_, more, kept) => {
      const { batchJobId, callId } = await aCall();
      expect(await report(callId, { outcome: 'answered', ...more })).toMatchObject({
        status: 200,
        body: { recorded: true, contactStatus: 'completed' },
      });
      await contactIn(app, batchJobId, 'completed');
      const [call] = await app.database.query<object[]>('select * from call_attempts where id = $1', [callId]);
      expect(call).toMatchObject({ outcome: 'answered', ...kept });
    });

    it.each<[string, unknown]>([
      ['no outcome', {}],
      ['null', { outcome: null }],
      ['an outcome that is none', { outcome: 'completed' }],
      ['what is no outcome of a call', { outcome: 'snoozed' }],
      ['a list of outcomes', { outcome: ['busy'] }],
    ])('refuses %s, names those that there are and changes nothing', async (_, body) => {
      const { batchJobId, callId } = await aCall();
      const answer = await report(callId, body);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(answer.body.errors).toEqual([{ parameter: 'outcome', detail: `is required: one of ${ALLOWED}.` }]);
      await contactIn(app, batchJobId, 'dialing');
    });

    it.each<[string, RequestInit, number, string]>([
      ['no body', {}, 415, 'unsupported_media_type'],
      ['a form', { body: new URLSearchParams({ outcome: 'busy' }) }, 415, 'unsupported_media_type'],
      ['text', { body: 'outcome=busy' }, 415, 'unsupported_media_type'],
      ['a list', { body: '[]', headers: { 'content-type': 'application/json' } }, 400, 'invalid_request'],
      ['null', { body: 'null', headers: { 'content-type': 'application/json' } }, 400, 'invalid_request'],
      ['half of it', { body: '{"outcome":', headers: { 'content-type': 'application/json' } }, 400, 'invalid_request'],
    ])('refuses %s', async (_, init, status, code) => {
      const answer = await app.send('POST', `/batch/calls/${UNKNOWN_CALL}/outcome`, init, key);
      expect(answer).toMatchObject({ status, body: { code } });
    });

    it('refuses a query', async () => {
      const answer = await app.post(`/batch/calls/${UNKNOWN_CALL}/outcome?force=true`, { outcome: 'busy' }, key);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: 'force' }] } });
    });
  });

  describe('GET /health', () => {
    it('says what places the calls', async () => {
      expect((await app.get('/health', null)).body).toMatchObject({ dialer: 'accepting' });
    });
  });
});
