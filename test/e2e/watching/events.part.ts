import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ulid } from 'ulid';
import { CallOutcomes } from '../../../src/calling/call-outcomes.js';
import { callEnd, type CallOutcome } from '../../../src/batch-jobs/call.outcome.js';
import { ProgressRepository } from '../../../src/batch-jobs/progress.repository.js';
import { ProgressService } from '../../../src/operations/progress.service.js';
import { LIST_ENDED } from '../../../src/batch-jobs/progress.statements.js';
import { Database } from '../../../src/shared/database.js';
import { EventReader } from '../../support/event-reader.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { contacts, TestApp, UNKNOWN_ID } from '../../support/test-app.js';

describe('events', () => {
  let app: TestApp;
  let proxy: TcpProxy;
  let readers: EventReader[] = [];
  let reads: string[] = [];
  beforeAll(async () => {
    app = await TestApp.start({
      databaseUrl: async (direct) => {
        proxy = await TcpProxy.start(direct);
        return proxy.url;
      },
    });
    const repository = app.app.get(ProgressRepository, { strict: false });
    const read = repository.read.bind(repository);
    repository.read = (id) => {
      reads.push(id);
      return read(id);
    };
  });
  afterEach(async () => {
    for (const reader of readers) reader.leave();
    readers = [];
    await proxy.heal();
  });
  afterAll(async () => {
    await app.stop();
    await proxy.stop();
  });

  const watch = async (id: string, lastEventId?: string): Promise<EventReader> => {
    const reader = await EventReader.open(`${app.url}/batch/jobs/${id}/events`, app.key, lastEventId);
    readers.push(reader);
    return reader;
  };

  const running = async (count = 2): Promise<string> => {
    const id = await app.create({ contacts: contacts(count) });
    await app.post(`/batch/jobs/${id}/start`);
    return id;
  };

  /** Calls the contact at a place of the list, as a dialer that has taken the call. */
  const place = async (id: string, position: number, attempt = 1): Promise<string> => {
    const callId = `call_${ulid()}`;
    await app.database.query(
      `with called as (
       update contacts set status = 'dialing', attempt_count = $4 where batch_job_id = $2 and position = $3 returning id
     )
     insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, placed_at, lease_ends_at)
     select $1, 'org_a', $2, id, $4, clock_timestamp(), clock_timestamp(), clock_timestamp() + interval '1 hour' from called`,
      [callId, id, position, attempt],
    );
    return callId;
  };
  const end = (callId: string, outcome: CallOutcome, known = {}) =>
    app.app.get(CallOutcomes, { strict: false }).record(callId, callEnd(outcome, known));
  const callsOf = (reader: EventReader): { callId: string; outcome: string }[] =>
    reader.of('outcomes').flatMap(({ data }) => data.calls);

  describe('GET /batch/jobs/:id/events', () => {
    it('tells what is at once, then what changes, then the end', async () => {
      const id = await running(1);

      const reader = await watch(id);

      expect(reader.response.status).toBe(200);
      expect(reader.response.headers.get('content-type')).toBe('text/event-stream');
      expect(reader.response.headers.get('cache-control')).toBe('no-store, no-transform');
      await reader.sees('counters');
      expect(reader.retryMs).toBe(2_000);
      expect(reader.names).toEqual(['status', 'counters']);
      expect(reader.events[0].data).toEqual({
        status: 'running',
        scheduledStartTime: null,
        actualStartTime: expect.stringMatching(/Z$/),
        completedAt: null,
        failureReason: null,
        pauseReason: null,
      });
      const { body } = await app.get(`/batch/jobs/${id}`);
      expect(reader.events[1].data).toEqual({
        totalContacts: 1,
        contactsProcessed: 0,
        successfulCalls: 0,
        failedCalls: 0,
        statusBreakdown: body.statusBreakdown,
        estimatedCompletionTime: null,
      });

      const callId = await place(id, 1);
      await reader.sees('counters', ({ statusBreakdown }) => statusBreakdown.dialing === 1);
      await end(callId, 'answered', { durationSeconds: 74 });

      await reader.sees('end');
      await reader.closed();
      expect(callsOf(reader)).toEqual([
        {
          callId,
          contactId: body.contacts[0].id,
          attempt: 1,
          outcome: 'answered',
          durationSeconds: 74,
          errorCode: null,
          endedAt: expect.stringMatching(/Z$/),
        },
      ]);
      expect(reader.of('status').at(-1)?.data).toMatchObject({ status: 'completed', completedAt: expect.any(String) });
      expect(reader.of('counters').at(-1)?.data).toMatchObject({ contactsProcessed: 1, successfulCalls: 1 });
      expect(reader.events.at(-1)).toEqual({ event: 'end', id: 'end', data: { status: 'completed' } });
      expect(JSON.stringify(reader.events)).not.toContain('+1202');
    });

    it('tells nothing while nothing changes', async () => {
      const id = await running();
      const reader = await watch(id);
      await reader.sees('counters');
      reads = [];
      await eventually(() => expect(reads.length).toBeGreaterThan(2));
      expect(reader.names).toEqual(['status', 'counters']);
    });

    it('ends after the last call of a cancelled job only', async () => {
      const id = await running(2);
      const callId = await place(id, 1);
      const reader = await watch(id);
      await app.post(`/batch/jobs/${id}/cancel`);
      await reader.sees('status', ({ status }) => status === 'cancelled');
      reads = [];
      await eventually(() => expect(reads.length).toBeGreaterThan(2));
      expect(reader.names).not.toContain('end');

      await end(callId, 'busy', { errorCode: '486' });

      await reader.sees('end', ({ status }) => status === 'cancelled');
      expect(callsOf(reader)).toMatchObject([{ callId, outcome: 'busy', errorCode: '486' }]);
      expect(reader.of('counters').at(-1)?.data.statusBreakdown).toMatchObject({ busy: 1, cancelled: 1, dialing: 0 });
    });

    it('ends at once for a job that has ended, and with 204 for who has been told so', async () => {
      const id = await running();
      await app.post(`/batch/jobs/${id}/cancel`);
      const reader = await watch(id);
      await reader.closed();
      expect(reader.names).toEqual(['status', 'counters', 'end']);

      const again = await watch(id, reader.events.at(-1)?.id);
      expect(again.response.status).toBe(204);
      await again.closed();
      expect(again.events).toEqual([]);
    });

    it('ends when the job is deleted', async () => {
      const id = await app.create();
      const reader = await watch(id);
      await reader.sees('counters');
      await app.send('DELETE', `/batch/jobs/${id}`);
      await reader.closed();
      expect(reader.events.at(-1)).toEqual({ event: 'end', id: 'end', data: { status: 'deleted' } });
    });

    it('tells who comes back of the calls that ended meanwhile, each once', async () => {
      const id = await running(300);
      const first = await watch(id);
      const { id: before } = await first.sees('counters');
      first.leave();

      const callIds: string[] = [];
      for (let position = 1; position <= 250; position += 1) callIds.push(await place(id, position));
      for (const callId of callIds) await end(callId, 'answered');

      const second = await watch(id, before);
      await eventually(() => expect(callsOf(second)).toHaveLength(250));
      expect(callsOf(second).map(({ callId }) => callId)).toEqual(callIds);
      expect(Math.max(...second.of('outcomes').map(({ data }) => data.calls.length))).toBe(100);

      const third = await watch(id, second.of('outcomes')[0].id);
      await eventually(() => expect(callsOf(third)).toHaveLength(150));
      expect(callsOf(third).map(({ callId }) => callId)).toEqual(callIds.slice(100));
      const fourth = await watch(id);
      await fourth.sees('counters');
      expect(callsOf(fourth)).toEqual([]);
    });

    it('tells of a call whose end is committed late, once, whoever watched before or meanwhile', async () => {
      const id = await running(3);
      const [early, late] = [await place(id, 1), await place(id, 2)];
      const first = await watch(id);
      await first.sees('counters');
      await end(early, 'answered');
      await first.sees('outcomes');
      const before = await watch(id);
      await before.sees('counters');

      const ending = app.database.createQueryRunner();
      await ending.startTransaction();
      await ending.query('select from batch_jobs where id = $1 for no key update', [id]);
      await ending.query(`update call_attempts set ended_at = clock_timestamp(), outcome = 'busy' where id = $1`, [
        late,
      ]);
      reads = [];
      await eventually(() => expect(reads.length).toBeGreaterThan(1));
      const meanwhile = await watch(id);
      await meanwhile.sees('counters');
      await ending.query(`update contacts set status = 'busy' where batch_job_id = $1 and position = 2`, [id]);
      await ending.commitTransaction();
      await ending.release();

      for (const reader of [before, meanwhile]) {
        await reader.sees('counters', ({ statusBreakdown }) => statusBreakdown.busy === 1);
        await eventually(() => expect(callsOf(reader).map(({ callId }) => callId)).toEqual([late]));
      }
      const back = await watch(id, before.events.at(-1)?.id);
      await back.sees('counters');
      reads = [];
      await eventually(() => expect(reads.length).toBeGreaterThan(1));
      expect([callsOf(first).length, callsOf(before).length, callsOf(back).length]).toEqual([2, 1, 0]);
    });

    it('reads all jobs that are watched at one time with few statements, and no calls where none has ended', async () => {
      const ids = await Promise.all(Array.from({ length: 15 }, () => running()));
      for (const watcher of await Promise.all(ids.map((id) => watch(id)))) await watcher.sees('counters');
      const database = app.app.get(Database, { strict: false });
      const run = database.run.bind(database);
      const statements: unknown[] = [];
      database.run = (ran, values) => {
        statements.push(ran);
        return run(ran, values);
      };
      try {
        reads = [];
        await eventually(() => expect(reads.length).toBeGreaterThan(3 * ids.length));
      } finally {
        database.run = run;
      }
      expect(statements).not.toContain(LIST_ENDED);
      expect(statements.length).toBeLessThan(reads.length);
    });

    it('reads once a second however many watch, and no more when nobody does', async () => {
      const id = await running();
      const watchers = await Promise.all(Array.from({ length: 20 }, () => watch(id)));
      for (const watcher of watchers) await watcher.sees('counters');
      reads = [];
      const from = performance.now();
      await eventually(() => expect(performance.now() - from).toBeGreaterThan(1_500));
      expect(reads.length).toBeGreaterThan(0);
      expect(reads.length).toBeLessThan(watchers.length);

      for (const watcher of watchers) watcher.leave();
      const looks = { read: 0, same: 0 };
      await eventually(() => {
        looks.same = reads.length === looks.read ? looks.same + 1 : 0;
        looks.read = reads.length;
        // Longer than the pause between two reads.
        expect(looks.same).toBeGreaterThan(75);
      });
    });

    it('goes on while PostgreSQL is away, and catches up', async () => {
      const id = await running(3);
      const reader = await watch(id);
      await reader.sees('counters');
      const callId = await place(id, 1);
      await reader.sees('counters', ({ statusBreakdown }) => statusBreakdown.dialing === 1);
      await proxy.refuse();
      // By another process, say.
      await app.database.query(
        `with ended as (
         update call_attempts set ended_at = clock_timestamp(), outcome = 'failed' where id = $1 returning contact_id
       ) update contacts set status = 'failed' from ended where contacts.id = ended.contact_id`,
        [callId],
      );
      reads = [];
      await eventually(() => expect(reads.length).toBeGreaterThan(1));
      expect(reader.isClosed).toBe(false);

      await proxy.heal();

      await reader.sees('counters', ({ statusBreakdown }) => statusBreakdown.failed === 1);
      await eventually(() => expect(callsOf(reader).map((call) => call.callId)).toEqual([callId]));
    });

    it.each(['yesterday', '12.call_x', '1.2.3'])('400 invalid_request: Last-Event-ID %s', async (lastEventId) => {
      const headers = { 'last-event-id': lastEventId };
      const answer = await app.send('GET', `/batch/jobs/${await running()}/events`, { headers });
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'Last-Event-ID' }] },
      });
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    });

    it('problems before the stream are ordinary ones', async () => {
      const path = `/batch/jobs/${UNKNOWN_ID}/events`;
      expect(await app.get(path)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
      expect(await app.get(path, null)).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
      const writing = await app.keyWith(['jobs:write']);
      expect(await app.get(path, writing)).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    });

    describe('every 15 seconds', () => {
      beforeEach(() => {
        jest.useFakeTimers({
          doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date', 'setTimeout'],
        });
      });
      afterEach(() => void jest.useRealTimers());

      it('says that it lives', async () => {
        const reader = await watch(await running());
        await reader.sees('counters');
        jest.advanceTimersByTime(15_000);
        await eventually(() => expect(reader.comments).toEqual(['heartbeat']));
      });

      it('lives on while PostgreSQL cannot say whether its key does', async () => {
        const reader = await watch(await running());
        await reader.sees('counters');
        await proxy.refuse();
        jest.advanceTimersByTime(15_000);
        await eventually(() => expect(reader.comments).toEqual(['heartbeat']));
      });

      it.each(['revoked_at', 'expires_at'])('looks at its key, and is closed without an end: %s', async (column) => {
        const key = await app.keyWith(['jobs:read']);
        const url = `${app.url}/batch/jobs/${await running()}/events`;
        const reader = await EventReader.open(url, key);
        readers.push(reader);
        await reader.sees('counters');
        await app.database.query(
          `update api_keys set ${column} = clock_timestamp()
          where id = (select id from api_keys where scopes = '{jobs:read}' order by created_at desc limit 1)`,
        );
        jest.advanceTimersByTime(15_000);
        await reader.closed();
        expect(reader.names).toEqual(['status', 'counters']);
      });
    });
  });

  describe('a service that shuts down', () => {
    it('ends the streams, and asks to come back', async () => {
      const other = await TestApp.start();
      const id = await other.create();
      const reader = await EventReader.open(`${other.url}/batch/jobs/${id}/events`, other.key);
      await reader.sees('counters');
      const caller = { organizationId: 'org_a', actor: 'test', requestId: null };
      const service = other.app.get(ProgressService, { strict: false });
      const heard: string[] = [];
      const listening = (async () => {
        for await (const { kind } of await service.watch(caller, id, null, new AbortController().signal))
          heard.push(kind);
      })();
      await eventually(() => expect(heard).toHaveLength(2));

      await service.beforeApplicationShutdown();

      await listening;
      await reader.closed();
      expect([heard, reader.names]).toEqual([
        ['status', 'counters'],
        ['status', 'counters'],
      ]);
      await other.stop();
    });
  });
});
