import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { JobRows } from '../../support/job-rows.js';
import { aBatch, TestApp, type Answer } from '../../support/test-app.js';

describe('missed starts', () => {
  const NOW = '2027-02-20T00:00:00Z';
  const DUE = '2027-02-20T01:00:00Z';
  /** Ten minutes after it was due, a worker looks for the first time. */
  const LATER = '2027-02-20T01:10:00Z';

  type Outcome = 'running' | 'failed';

  /** What is told of a job, by what became of it. */
  const TOLD = {
    running: { failureReason: null, actualStartTime: expect.any(String), completedAt: null },
    failed: { failureReason: 'start_window_missed', actualStartTime: null, completedAt: expect.any(String) },
  };

  /** A worker with a limit for the deployment; jobs are created in time, and found ten minutes late. */
  describe.each<[number, [number | null | undefined, Outcome][]]>([
    [
      60,
      [
        [undefined, 'running'],
        [null, 'running'],
        [9, 'failed'],
        [10, 'failed'],
        [11, 'running'],
        [0, 'running'],
      ],
    ],
    [
      5,
      [
        [undefined, 'failed'],
        [null, 'failed'],
        [4, 'failed'],
        [11, 'running'],
        [525_600, 'running'],
        [0, 'running'],
      ],
    ],
    [
      0,
      [
        [undefined, 'running'],
        [null, 'running'],
        [9, 'failed'],
        [11, 'running'],
        [0, 'running'],
      ],
    ],
  ])('ten minutes late, where the deployment allows %d minutes', (maxLateStartMinutes, cases) => {
    let app: TestApp;
    let rows: JobRows;
    const jobs: { id: string; own: number | null | undefined; expected: Outcome }[] = [];
    beforeAll(async () => {
      app = await TestApp.start({ consumeQueues: true, settings: { maxLateStartMinutes } });
      rows = new JobRows(app.database);
      await app.setNow(NOW);
      for (const [own, expected] of cases) {
        const id = await app.create({ scheduledStartTime: DUE, maxLateStartMinutes: own });
        jobs.push({ id, own, expected });
      }
      await app.setNow(LATER);
      await eventually(async () => {
        const left = (await Promise.all(jobs.map(({ id }) => rows.row(id)))).filter(
          ({ status }) => status === 'scheduled',
        );
        if (left.length > 0) throw new Error(`${left.length} jobs are scheduled still`);
      });
    });
    afterAll(() => app.stop());

    const detail = async (id: string): Promise<Answer['body']> => (await app.get(`/batch/jobs/${id}`)).body;

    it("a job's own limit counts, be it stricter or laxer, 0 allows any lateness, and without one the deployment's", async () => {
      const found = [];
      for (const { id, own } of jobs) found.push([own, (await detail(id)).status]);
      expect(found).toEqual(jobs.map(({ own, expected }) => [own, expected]));
    });

    it('a missed start is told in the detail, the history and the ledger', async () => {
      for (const { id, own, expected } of jobs) {
        const missed = expected === 'failed';
        const told = { scheduledStartTime: DUE, maxLateStartMinutes: own ?? null, ...TOLD[expected] };
        expect(await detail(id)).toMatchObject(told);
        const [, change] = await rows.history(id);
        expect(change).toMatchObject({
          action: missed ? 'missed' : 'started',
          reason: missed ? 'start_window_missed' : null,
          before: { status: 'scheduled' },
          after: { status: expected },
        });
        expect(await rows.starts(id)).toHaveLength(missed ? 0 : 1);
      }
    });

    it('the list finds what was missed, with its reason, and /metrics counts it', async () => {
      const missed = jobs.filter(({ expected }) => expected === 'failed').map(({ id }) => id);

      const { body } = await app.get('/batch/jobs?status=failed');

      expect(body.total).toBe(missed.length);
      expect(new Set(body.batchJobs.map(({ id }: { id: string }) => id))).toEqual(new Set(missed));
      for (const job of body.batchJobs) expect(job.failureReason).toBe('start_window_missed');
      expect((await app.get('/metrics', null)).body).toContain(`\nbatch_jobs_missed_starts_total ${missed.length}\n`);
    });

    it('nothing takes a missed job up again', async () => {
      for (const { id } of jobs.filter(({ expected }) => expected === 'failed')) {
        const refused = { status: 400, body: { code: 'invalid_status', currentStatus: 'failed' } };
        expect(await app.post(`/batch/jobs/${id}/start`)).toMatchObject(refused);
        expect(await app.reschedule(id, { scheduledStartTime: '2027-03-01T00:00:00Z' })).toMatchObject(refused);
      }
    });
  });

  describe('maxLateStartMinutes of a create', () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start();
    });
    afterAll(() => app.stop());

    const refusal = {
      status: 400,
      body: {
        code: 'invalid_request',
        errors: [{ parameter: 'maxLateStartMinutes', detail: 'must be a whole number from 0 to 525600.' }],
      },
    };
    const CSV = 'phone\n+12025550123\n';

    it.each([-1, 1.5, 525_601, 1e21, 'soon', true, [5], {}])(
      '400: refuses %j in JSON, and creates nothing',
      async (own) => {
        const before = await app.everything();
        expect(await app.post('/batch/create', { ...aBatch(), maxLateStartMinutes: own })).toMatchObject(refusal);
        expect(await app.everything()).toEqual(before);
      },
    );

    it.each(['-1', '1.5', '525601', '', ' ', 'soon', '0x10', '99999999999'])(
      '400: refuses %j in a form, and creates nothing',
      async (own) => {
        const before = await app.everything();
        expect(await app.upload(CSV, { maxLateStartMinutes: own })).toMatchObject(refusal);
        expect(await app.everything()).toEqual(before);
      },
    );

    it.each([0, 1, 525_600])('200: takes %d from JSON and from a form, and shows it', async (own) => {
      const fromJson = await app.create({ maxLateStartMinutes: own });
      const fromForm = (await app.upload(CSV, { maxLateStartMinutes: String(own) })).body.batchJobId as string;
      for (const id of [fromJson, fromForm]) {
        expect((await app.get(`/batch/jobs/${id}`)).body).toMatchObject({ maxLateStartMinutes: own });
      }
    });
  });
});
