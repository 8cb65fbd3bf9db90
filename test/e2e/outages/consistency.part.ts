import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { JobRows } from '../../support/job-rows.js';
import { TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';
import { scoreAt } from '../../../src/queue/delayed-set.js';

describe('consistency', () => {
  const NOW = '2027-02-20T00:00:00Z';
  const START = '2027-03-01T15:00:00Z';

  let app: TestApp;
  let admin: string;
  let rows: JobRows;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow(NOW);
    admin = await app.keyWith(['admin']);
    rows = new JobRows(app.database);
  });
  afterAll(() => app.stop());
  afterEach(async () => {
    await app.database.query('truncate batch_jobs cascade');
    await repair();
  });

  /** Again where Redis took more than 500 ms to answer, as it may on a busy machine: the service then says that it does not know. */
  const look = (key = admin): Promise<Answer> =>
    eventually(async () => {
      const answer = await app.get('/admin/consistency', key);
      if (answer.body.status === 'unknown') throw new Error('Redis was slow');
      return answer;
    });
  const repair = (key = admin): Promise<Answer> => app.post('/admin/consistency/repair', undefined, key);
  const scheduled = (key?: string, fromPhoneNumberId = 'phone_a'): Promise<string> =>
    app.create({ scheduledStartTime: START, fromPhoneNumberId }, key);
  const delayedKey = (): string => `${app.settings.redisKeyPrefix}:batch-start:delayed`;

  /** Puts the timer of a job at another time. Bull's score is the instant times 4,096. */
  const putAt = (queueJobId: string, instant: string) =>
    app.redis.zadd(delayedKey(), String(scoreAt(Date.parse(instant))), queueJobId);

  describe('GET /admin/consistency', () => {
    it('200: is consistent where every scheduled job of every organization has its timer', async () => {
      await scheduled();
      await scheduled(app.otherKey, 'phone_b');
      await app.create();

      const { status, body } = await look();

      expect({ status, body }).toEqual({
        status: 200,
        body: {
          status: 'consistent',
          checkedAt: expect.stringMatching(/^2027-02-20T00:\d\d:\d\d(\.\d{3})?Z$/),
          scheduledJobs: 2,
          timers: 2,
          differences: [],
          differencesTotal: 0,
        },
      });
    });

    it('200: names what differs, of every organization, and changes nothing', async () => {
      const missing = await scheduled(app.otherKey, 'phone_b');
      await app.loseQueueJob(`${missing}.r1`);
      const moved = await scheduled();
      await putAt(`${moved}.r1`, '2027-03-01T16:00:00.500Z');
      const cancelled = await scheduled();
      await app.setStatus(cancelled, 'cancelled');
      await putAt('nobody', START);
      const overdue = await rows.add({ startsInMs: -16_000 });
      const before = await app.everything();

      const { status, body } = await look();

      expect({ status, body }).toMatchObject({
        status: 200,
        body: { status: 'drifting', scheduledJobs: 3, timers: 3, differencesTotal: 5 },
      });
      const note = expect.stringMatching(/^[A-Z].{20,}\.$/);
      const named = (batchJobId: string | null, queueJobId: string) => ({ batchJobId, queueJobId, note });
      expect(body.differences).toHaveLength(5);
      expect(body.differences).toEqual(
        expect.arrayContaining([
          { kind: 'timer_missing', ...named(missing, `${missing}.r1`), startsAt: START, firesAt: null },
          {
            kind: 'timer_at_another_time',
            ...named(moved, `${moved}.r1`),
            startsAt: START,
            firesAt: '2027-03-01T16:00:00.500Z',
          },
          { kind: 'timer_unwanted', ...named(cancelled, `${cancelled}.r1`), startsAt: null, firesAt: START },
          { kind: 'timer_unwanted', ...named(null, 'nobody'), startsAt: null, firesAt: START },
          {
            kind: 'start_overdue',
            ...named(overdue, `${overdue}.r1`),
            startsAt: (await rows.row(overdue)).startsAt?.toISOString().replace('.000Z', 'Z'),
            firesAt: null,
          },
        ]),
      );
      expect(await app.everything()).toEqual(before);
      await app.redis.zrem(delayedKey(), 'nobody');
    });

    it('200: shows the first 1,000 differences and counts them all', async () => {
      await app.database.query(
        `insert into batch_jobs (id, organization_id, from_phone_number_id, agent_id, name, status, concurrent_call_limit,
         max_attempts, total_contacts, schedule_revision, starts_at, timezone, disambiguation)
       select 'batch_' || lpad(n::text, 26, '0'), 'org_a', 'phone_a', 'agent_a', 'many', 'scheduled', 1, 1, 0, 1,
         '2099-01-01T00:00:00Z', 'UTC', 'compatible' from generate_series(1, 1203) as n`,
      );

      const { body } = await look();

      expect(body).toMatchObject({ status: 'drifting', scheduledJobs: 1_203, timers: 0, differencesTotal: 1_203 });
      expect(body.differences).toHaveLength(1_000);
    });

    it('200: takes no change for drift that is just being made', async () => {
      const ids = await Promise.all([1, 2, 3, 4].map(() => scheduled()));
      const over = new AbortController();
      const moving = ids.map(async (id) => {
        for (let hour = 0; !over.signal.aborted; hour = (hour + 1) % 20) {
          await app.reschedule(id, { scheduledStartTime: `2027-03-02T${String(hour).padStart(2, '0')}:00:00Z` });
        }
      });

      const answers: Answer[] = [];
      for (let times = 0; times < 5; times += 1) answers.push(await look());
      over.abort();
      await Promise.all(moving);

      expect(answers.flatMap(({ body }) => body.differences)).toEqual([]);
    });

    it.each([['jobs:read'], ['jobs:write'], ['calls:report']] as const)('403: a key with %s only', async (scope) => {
      expect(await look(await app.keyWith([scope]))).toMatchObject({
        status: 403,
        body: { code: 'insufficient_scope', requiredScope: 'admin' },
      });
    });

    it('401 without a key, 400 with a parameter', async () => {
      expect(await app.get('/admin/consistency', null)).toMatchObject({ status: 401 });
      expect(await app.get('/admin/consistency?organizationId=org_a', admin)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'organizationId' }] },
      });
    });
  });

  describe('POST /admin/consistency/repair', () => {
    it('200: makes Redis agree, tells what it did, and has nothing to do the next time', async () => {
      const [missing, moved, blocked, cancelled] = [
        await scheduled(),
        await scheduled(app.otherKey, 'phone_b'),
        await scheduled(),
        await scheduled(),
      ];
      await app.loseQueueJob(`${missing}.r1`);
      await putAt(`${moved}.r1`, '2027-03-01T16:00:00Z');
      // Its record is left, which keeps Bull from adding another of that id.
      await app.redis.zrem(delayedKey(), `${blocked}.r1`);
      await app.setStatus(cancelled, 'cancelled');

      const { status, body } = await repair();

      expect({ status, body }).toEqual({
        status: 200,
        body: { success: true, armed: 3, removed: 1, message: '3 timers set, 1 timer removed' },
      });
      expect((await look()).body).toMatchObject({ status: 'consistent', scheduledJobs: 3, timers: 3 });
      const [first] = [...new Set((await app.delayed()).values())];
      expect(first).toBe('2027-03-01T15:00:00.000Z');
      expect((await repair()).body).toEqual({
        success: true,
        armed: 0,
        removed: 0,
        message: 'Redis has every timer that it should have, and no other',
      });
    });

    it('200: starts nothing, however overdue', async () => {
      const overdue = await rows.add({ startsInMs: -60_000 });
      expect((await repair()).body).toMatchObject({ armed: 0, removed: 0 });
      expect((await rows.row(overdue)).status).toBe('scheduled');
      expect((await look()).body.differences).toMatchObject([{ kind: 'start_overdue', batchJobId: overdue }]);
    });

    it('403 without the scope, and nothing is repaired; 400 with a body or a parameter', async () => {
      const id = await scheduled();
      await app.loseQueueJob(`${id}.r1`);

      expect(await repair(app.key)).toMatchObject({ status: 403, body: { requiredScope: 'admin' } });
      expect(await app.post('/admin/consistency/repair', { batchJobId: id }, admin)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'batchJobId' }] },
      });
      expect(await app.post('/admin/consistency/repair?force=true', undefined, admin)).toMatchObject({ status: 400 });

      expect((await app.delayed()).size).toBe(0);
    });
  });

  describe('the admin scope', () => {
    it('opens no batch: the key of an operator reads and moves none', async () => {
      const id = await scheduled();
      expect(await app.get(`/batch/jobs/${id}`, admin)).toMatchObject({ status: 403 });
      expect(await app.post(`/batch/jobs/${UNKNOWN_ID}/start`, undefined, admin)).toMatchObject({ status: 403 });
    });
  });
});
