/* oxlint-disable jest/expect-expect -- `countedBy` expects */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bull';
import type { Queue } from 'bull';
import { BATCH_START_PRODUCER } from '../../../src/queue/queues.js';
import { eventually } from '../../support/eventually.js';
import { JobRows } from '../../support/job-rows.js';
import { TestApp } from '../../support/test-app.js';

describe('metrics', () => {
  let app: TestApp;
  let rows: JobRows;
  let queue: Queue;
  beforeAll(async () => {
    app = await TestApp.start({ consumeQueues: true });
    rows = new JobRows(app.database);
    queue = app.app.get<Queue>(getQueueToken(BATCH_START_PRODUCER), { strict: false });
  });
  afterAll(() => app.stop());

  /** Every series of ours by name and labels, as Prometheus would read it. */
  async function scrape(): Promise<Record<string, number>> {
    const { status, body } = await app.get('/metrics', null);
    if (status !== 200) throw new Error(`not scraped: ${status}`);
    const lines = (body as string).split('\n').filter((line) => line.startsWith('batch_jobs_'));
    return Object.fromEntries(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]));
  }

  const STARTS = (trigger: string) => `batch_jobs_starts_total{trigger="${trigger}"}`;
  const RECONCILED = (action: string) => `batch_jobs_wake_ups_reconciled_total{action="${action}"}`;
  const MISSED = 'batch_jobs_missed_starts_total';
  const STALE = 'batch_jobs_stale_wake_ups_total';
  const GHOSTS = 'batch_jobs_ghost_wake_ups_total';
  const LATENESS = 'batch_jobs_start_lateness_seconds';
  const DEMAND = ['batch_jobs_contacts_callable', 'batch_jobs_call_slots_free', 'batch_jobs_call_places_wanted'];

  /** What was counted meanwhile, when all that was expected is. */
  async function countedBy(work: () => Promise<unknown>, expected: Record<string, number>): Promise<void> {
    const before = await scrape();
    await work();
    await eventually(async () => {
      const after = await scrape();
      const counters = Object.keys(after).filter((series) => /_total|_count/.test(series));
      const grown = counters.flatMap((name) =>
        after[name] > before[name] ? [[name, after[name] - before[name]]] : [],
      );
      expect(Object.fromEntries(grown)).toEqual(expected);
    });
  }

  const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

  describe('GET /metrics', () => {
    it('is text for Prometheus, without a key, with every series from the first', async () => {
      const { status, headers } = await app.get('/metrics', null);

      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const series = await scrape();
      for (const name of [MISSED, STALE, GHOSTS, `${LATENESS}_count`, ...['armed', 'removed'].map(RECONCILED)]) {
        expect(series).toHaveProperty([name]);
      }
      for (const figure of DEMAND) expect(series).toHaveProperty([figure]);
      for (const trigger of ['timer', 'sweep', 'request']) expect(series).toHaveProperty([STARTS(trigger)]);
    });

    it('has the process itself: memory, processor, event loop', async () => {
      const { body } = await app.get('/metrics', null);
      for (const name of [
        'process_resident_memory_bytes',
        'process_cpu_seconds_total',
        'nodejs_eventloop_lag_seconds',
      ]) {
        expect(body).toContain(`\n${name} `);
      }
    });

    it('names no organization, no batch and no number', async () => {
      await app.create({ scheduledStartTime: inMs(3_600_000) });
      expect((await app.get('/metrics', null)).body).not.toMatch(/org_|batch_0|\+1202/);
    });

    it('is for Prometheus alone: it is not in the document', async () => {
      const { paths } = (await app.get('/docs/openapi.json', null)).body;
      expect(Object.keys(paths)).not.toContain('/metrics');
    });
  });

  describe('counts', () => {
    it('a start by the timer, and how late it was', async () => {
      const before = await scrape();
      await countedBy(() => app.create({ scheduledStartTime: inMs(5_000) }), {
        [STARTS('timer')]: 1,
        [`${LATENESS}_count`]: 1,
      });
      const after = await scrape();
      expect(after[`${LATENESS}_bucket{le="15"}`] - before[`${LATENESS}_bucket{le="15"}`]).toBe(1);
      expect(after[`${LATENESS}_sum`] - before[`${LATENESS}_sum`]).toBeLessThan(15);
    });

    it('a start by the sweep, and how late it was', async () => {
      const before = await scrape();
      await countedBy(() => rows.add({ startsInMs: -120_000 }), { [STARTS('sweep')]: 1, [`${LATENESS}_count`]: 1 });
      const after = await scrape();
      expect(after[`${LATENESS}_bucket{le="60"}`]).toBe(before[`${LATENESS}_bucket{le="60"}`]);
      expect(after[`${LATENESS}_bucket{le="900"}`] - before[`${LATENESS}_bucket{le="900"}`]).toBe(1);
    });

    it('a start on request, which cannot be late, and none that is refused', async () => {
      const id = await app.create();
      await countedBy(
        async () => {
          await app.post(`/batch/jobs/${id}/start`);
          expect((await app.post(`/batch/jobs/${id}/start`)).status).toBe(400);
        },
        { [STARTS('request')]: 1 },
      );
    });

    it('a missed start, and no start', async () => {
      await countedBy(() => rows.add({ startsInMs: -61 * 60_000 }), { [MISSED]: 1 });
    });

    it('a stale wake-up', async () => {
      const id = await rows.add({ status: 'cancelled' });
      await countedBy(() => queue.add('start', { batchJobId: id, revision: 1 }), { [STALE]: 1 });
    });

    it('a ghost', async () => {
      await countedBy(() => queue.add('start', {}), { [GHOSTS]: 1 });
    });

    it('timers that are set and removed by reconciling, by a worker or on request', async () => {
      await countedBy(() => rows.add({ startsInMs: 3_600_000 }), { [RECONCILED('armed')]: 1 });
      const admin = await app.keyWith(['admin']);
      await countedBy(
        async () => {
          await queue.add('start', { batchJobId: 'nobody', revision: 1 }, { jobId: 'nobody.r1', delay: 3_600_000 });
          await app.post('/admin/consistency/repair', undefined, admin);
        },
        { [RECONCILED('removed')]: 1 },
      );
    });
  });
});
