import { getQueueToken } from '@nestjs/bull';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Queue } from 'bull';
import { Idempotency } from '../../../src/shared/idempotency.js';
import { BATCH_START_PRODUCER } from '../../../src/queue/queues.js';
import { SchedulerGateway } from '../../../src/queue/scheduler.gateway.js';
import { aBatch, aForm, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('idempotency', () => {
  const NOW = '2025-02-20T00:00:00Z';
  const START = { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'America/New_York' };

  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  beforeEach(() => app.setNow(NOW));
  afterAll(() => app.stop());

  /** Sends a write with a key. */
  const send = (idempotencyKey: string, method: string, path: string, init: RequestInit = {}, key?: string) =>
    app.send(method, path, { ...init, headers: { ...init.headers, 'idempotency-key': idempotencyKey } }, key);

  const json = (body: object): RequestInit => ({
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

  const move = (idempotencyKey: string, id: string, query: Readonly<Record<string, string>> = START, key?: string) =>
    send(idempotencyKey, 'PATCH', `/batch/jobs/${id}/reschedule?${new URLSearchParams(query).toString()}`, {}, key);

  const isReplayed = ({ headers }: Answer): boolean => headers.get('idempotency-replayed') === 'true';

  /** Every write there is, on a job that it can be done to. */
  const WRITES: Readonly<Record<string, (key: string, id: string) => Promise<Answer>>> = {
    'POST /batch/create, JSON': (key) => send(key, 'POST', '/batch/create', json(aBatch())),
    'POST /batch/create, a form': (key) =>
      send(key, 'POST', '/batch/create', { body: aForm('phone,name\n+12025550123,Ada\n') }),
    'PATCH reschedule': (key, id) => move(key, id),
    'POST start': (key, id) => send(key, 'POST', `/batch/jobs/${id}/start`),
    'POST cancel': (key, id) => send(key, 'POST', `/batch/jobs/${id}/cancel?reason=storm`),
  };

  describe.each(Object.entries(WRITES))('%s with an Idempotency-Key', (_name, write) => {
    it('is done once, and answered alike each time', async () => {
      const [key, id] = [randomUUID(), await app.create(START)];
      const first = await write(key, id);
      const after = await app.everything();

      const again = [await write(key, id), await write(key, id)];

      expect([first.status, isReplayed(first)]).toEqual([200, false]);
      for (const answer of again) {
        expect(answer).toMatchObject({ status: 200, body: first.body });
        expect(JSON.stringify(answer.body)).toBe(JSON.stringify(first.body));
        expect(answer.headers.get('etag')).toBe(first.headers.get('etag'));
        expect(isReplayed(answer)).toBe(true);
      }
      expect(await app.everything()).toEqual(after);
    });

    it('is done once when it is sent many times at once', async () => {
      const [key, id] = [randomUUID(), await app.create(START)];
      const before = await changes();

      const answers = await Promise.all(Array.from({ length: 4 }, () => write(key, id)));

      const codes = answers.map(({ status, body }) => (status === 200 ? 200 : body.code));
      expect(codes).toContain(200);
      expect(codes.filter((code) => code !== 200 && code !== 'idempotency_in_progress')).toEqual([]);
      expect(await changes()).toBe(before + 1);
      expect(isReplayed(await write(key, id))).toBe(true);
    });
  });

  /** Entries of the history, of all jobs. */
  const changes = async (): Promise<number> => {
    const [{ count }] = await app.database.query<[{ count: string }]>('select count(*) from batch_job_history');
    return Number(count);
  };

  describe('another request under the same key', () => {
    const others: Readonly<Record<string, (key: string, id: string) => Promise<Answer>>> = {
      'another query': (key, id) => move(key, id, { ...START, scheduledStartTime: '2025-03-02T10:00:00' }),
      'another job': (key) => move(key, UNKNOWN_ID),
      'another verb': (key, id) => send(key, 'POST', `/batch/jobs/${id}/start`),
      'a body': (key) => send(key, 'POST', '/batch/create', json(aBatch())),
    };

    it.each(Object.entries(others))('%s is refused with 422, and does nothing', async (_name, other) => {
      const [key, id] = [randomUUID(), await app.create(START)];
      await move(key, id);
      const after = await app.everything();

      expect(await other(key, id)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
      expect(await app.everything()).toEqual(after);
    });

    it.each<[string, RequestInit, RequestInit]>([
      ['contact', json(aBatch()), json({ ...aBatch(), contacts: [{ phone: '+12025550199' }] })],
      ['file', { body: aForm('phone\n+12025550123\n') }, { body: aForm('phone\n+12025550124\n') }],
      [
        'field of a form',
        { body: aForm('phone\n+12025550123\n') },
        { body: aForm('phone\n+12025550123\n', { name: 'B' }) },
      ],
    ])('another %s is another request', async (_what, one, other) => {
      const key = randomUUID();
      expect((await send(key, 'POST', '/batch/create', one)).status).toBe(200);

      expect((await send(key, 'POST', '/batch/create', other)).status).toBe(422);
    });

    it('is one that means another state of the job', async () => {
      const [key, id] = [randomUUID(), await app.create()];
      const { etag } = (await app.get(`/batch/jobs/${id}`)).body;
      const cancel = (headers: Record<string, string>) => send(key, 'POST', `/batch/jobs/${id}/cancel`, { headers });
      expect((await cancel({ 'if-match': etag })).status).toBe(200);

      expect(isReplayed(await cancel({ 'if-match': etag }))).toBe(true);
      expect((await cancel({ 'if-match': '"9.9"' })).status).toBe(422);
      expect((await cancel({})).status).toBe(422);
    });

    it.each(['with other spaces', 'its keys in another order', 'its contacts first', 'its numbers written otherwise'])(
      'is not one of JSON %s',
      async (how) => {
        const key = randomUUID();
        const one =
          '{"name":"x","maxAttempts":2,"fromPhoneNumberId":"phone_a","contacts":[{"phone":"+12025550123","n":1.5}]}';
        const written: Readonly<Record<string, string>> = {
          'with other spaces': JSON.stringify(JSON.parse(one), null, 2),
          'its keys in another order':
            '{"fromPhoneNumberId":"phone_a","name":"x","maxAttempts":2,"contacts":[{"n":1.5,"phone":"+12025550123"}]}',
          'its contacts first':
            '{"contacts":[{"phone":"+12025550123","n":1.5}],"name":"x","maxAttempts":2,"fromPhoneNumberId":"phone_a"}',
          'its numbers written otherwise': one.replace('1.5', '15e-1').replace(':2,', ':2.0,'),
        };
        const sent = (body: string) =>
          send(key, 'POST', '/batch/create', { body, headers: { 'content-type': 'application/json' } });
        expect((await sent(one)).status).toBe(200);

        expect(isReplayed(await sent(written[how]))).toBe(true);
        expect((await sent(one.replace('1.5', '1.6'))).status).toBe(422);
        expect((await sent(one.replace(':2,', ':3,'))).status).toBe(422);
      },
    );

    it('is not one whose query is in another order', async () => {
      const [key, id] = [randomUUID(), await app.create()];
      await move(key, id, { scheduledStartTime: START.scheduledStartTime, timezone: START.timezone });

      const again = await move(key, id, { timezone: START.timezone, scheduledStartTime: START.scheduledStartTime });

      expect([again.status, isReplayed(again)]).toEqual([200, true]);
    });

    it('is a request of its own in another organization', async () => {
      const key = randomUUID();
      const batch = json({ ...aBatch(), fromPhoneNumberId: 'phone_b' });
      await send(key, 'POST', '/batch/create', json(aBatch()));

      const other = await send(key, 'POST', '/batch/create', batch, app.otherKey);

      expect([other.status, isReplayed(other)]).toEqual([200, false]);
    });
  });

  describe('a key', () => {
    it('answers as before when the job has gone on, and its time has passed', async () => {
      const [key, id] = [randomUUID(), await app.create()];
      const first = await move(key, id);
      await app.post(`/batch/jobs/${id}/start`);
      await app.setNow('2025-03-01T15:00:01Z'); // the start is past, the key is not
      await app.database.query('update idempotency_keys set created_at = clock_timestamp() where key = $1', [key]);

      expect(await move(key, id)).toMatchObject({ status: 200, body: first.body });
    });

    it('is not spent by a refusal', async () => {
      const [key, id] = [randomUUID(), await app.create()];
      await app.setStatus(id, 'paused');
      expect(await move(key, id)).toMatchObject({ status: 400, body: { code: 'invalid_status' } });
      await app.setStatus(id, 'pending');

      const again = await move(key, id);

      expect([again.status, isReplayed(again)]).toEqual([200, false]);
    });

    it('is forgotten after 24 hours, not before', async () => {
      const [key, id] = [randomUUID(), await app.create()];
      await move(key, id);
      await app.setNow('2025-02-20T23:59:00Z');
      expect(isReplayed(await move(key, id))).toBe(true);

      await app.setNow('2025-02-21T00:01:00Z');
      const again = await move(key, id);

      expect([again.status, isReplayed(again), again.body.scheduleRevision]).toEqual([200, false, 2]);
      expect(isReplayed(await move(key, id))).toBe(true);
    });

    it('is deleted when it had its time, and no other', async () => {
      const idempotency = app.app.get(Idempotency, { strict: false });
      const id = await app.create();
      const [old, young] = [randomUUID(), randomUUID()];
      await move(old, id);
      await app.setNow('2025-02-21T00:01:00Z');
      await move(young, id);

      while ((await idempotency.forgetOld(1)) > 0);

      const left = await app.database.query<{ key: string }[]>('select key from idempotency_keys');
      expect(left.map(({ key }) => key)).toContain(young);
      expect(left.map(({ key }) => key)).not.toContain(old);
    });

    it.each(['', 'x'.repeat(256), 'tab\there'])('%j is refused', async (key) => {
      const answer = await send(key, 'POST', '/batch/create', json(aBatch()));

      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'Idempotency-Key' }] },
      });
    });

    it('does not open what the caller may not do', async () => {
      const [key, id] = [randomUUID(), await app.create()];
      await move(key, id);
      const reader = await app.keyWith(['jobs:read']);

      expect((await move(key, id, START, reader)).status).toBe(403);
    });
  });

  describe('when the process ends between the commit and Redis', () => {
    /** Ends the request where a killed process would: committed, and no further. */
    async function breakOff(write: () => Promise<Answer>): Promise<void> {
      const scheduler = app.app.get(SchedulerGateway, { strict: false });
      const killed = () => Promise.reject(new Error('killed'));
      // On the object, before its class.
      Object.assign(scheduler, { rearm: killed, wakeAt: killed });
      try {
        expect((await write()).status).toBe(500);
      } finally {
        Reflect.deleteProperty(scheduler, 'rearm');
        Reflect.deleteProperty(scheduler, 'wakeAt');
      }
    }

    it('the answer is there, and says that the timer is set later', async () => {
      const [key, id] = [randomUUID(), await app.create(START)];
      await breakOff(() => move(key, id));

      const again = await move(key, id);

      expect(isReplayed(again)).toBe(true);
      expect(again.body).toMatchObject({
        success: true,
        message: 'Rescheduled successfully',
        oldJobCancelled: false,
        newScheduledJobId: `${id}.r2`,
        scheduleRevision: 2,
        warnings: [expect.stringContaining('its timer is set as soon as')],
      });
    });

    it('a batch was created once', async () => {
      const key = randomUUID();
      const write = () => send(key, 'POST', '/batch/create', json({ ...aBatch(), ...START }));
      await breakOff(write);
      const before = await changes();

      const again = await write();

      expect([again.status, isReplayed(again)]).toEqual([200, true]);
      expect((await app.get(`/batch/jobs/${again.body.batchJobId}`)).status).toBe(200);
      expect(await changes()).toBe(before);
    });
  });

  it('a repair, which changes no batch, is done once as well', async () => {
    const [key, admin] = [randomUUID(), await app.keyWith(['admin'])];
    const repair = () => send(key, 'POST', '/admin/consistency/repair', {}, admin);
    await app.loseQueueJob(`${await app.create(START)}.r1`);
    const first = await repair();
    await app.loseQueueJob(`${await app.create(START)}.r1`);

    const second = await repair();

    expect(first.body.armed).toBeGreaterThan(0);
    expect([second.status, isReplayed(second), second.body]).toEqual([200, true, first.body]);
  });

  it('a key keeps no phone number, name or custom field', async () => {
    const key = randomUUID();
    const contacts = [{ phone: '+12025550188', name: 'Grace Hopper', note: 'canary-note' }, { phone: '+1' }];
    await send(key, 'POST', '/batch/create', json({ ...aBatch(), contacts }));

    const rows = await app.database.query<{ row: string }[]>(
      'select k::text as row from idempotency_keys as k where key = $1',
      [key],
    );

    expect(rows).toHaveLength(1);
    expect(rows[0].row).not.toMatch(/2025550188|Grace|canary-note/);
  });

  it('a write without a key is done each time', async () => {
    const id = await app.create(START);
    const queue = app.app.get<Queue>(getQueueToken(BATCH_START_PRODUCER), { strict: false });
    for (let revision = 2; revision <= 3; revision += 1) {
      expect((await app.reschedule(id, START)).body.scheduleRevision).toBe(revision);
    }
    expect(await queue.getJob(`${id}.r3`)).not.toBeNull();
  });
});
