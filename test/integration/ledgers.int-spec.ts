import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { BATCH_JOB_STATUSES, canMove, type BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import { CALLER, by, JobRows, startIn } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

let database: ScheduleDatabase;
let rows: JobRows;
let source: DataSource;
beforeAll(async () => {
  database = await ScheduleDatabase.create();
  ({ rows } = database);
  source = database.source;
});
afterAll(() => database.drop());

describe('the ledgers in the database', () => {
  it.each(['batch_job_history', 'batch_job_starts'])('%s refuses to be changed, cut or emptied', async (table) => {
    const id = await rows.add({ startsInMs: -50 });
    await database.schedules.claim({ batchJobId: id, revision: 1 }, 'timer', 60);
    const before = await rows.snapshot();

    for (const statement of [
      `update ${table} set batch_job_id = 'other' where batch_job_id = '${id}'`,
      `delete from ${table} where batch_job_id = '${id}'`,
      `delete from ${table} where false`,
      `truncate ${table}`,
    ]) {
      await expect(source.query(statement)).rejects.toThrow(`${table} only grows`);
    }
    expect(await rows.snapshot()).toEqual(before);
  });

  it('keep what happened to a job that is deleted', async () => {
    const id = await rows.add({ startsInMs: -50 });
    await database.schedules.claim({ batchJobId: id, revision: 1 }, 'timer', 60);

    await source.query('delete from batch_jobs where id = $1', [id]);

    expect([(await rows.starts(id)).length, (await rows.history(id)).length]).toEqual([1, 1]);
  });
});

describe('a row of batch_jobs', () => {
  const PAIRS = BATCH_JOB_STATUSES.flatMap((from) =>
    BATCH_JOB_STATUSES.map((to): [BatchJobStatus, BatchJobStatus] => [from, to]),
  );

  it.each(PAIRS)('from %s to %s: the database agrees with the status table', async (from, to) => {
    const id = await rows.add({ status: from });
    const move = source.query(`update batch_jobs set status = $2, started_at = clock_timestamp() where id = $1`, [
      id,
      to,
    ]);

    const refusedBy = await move.then(
      () => null,
      (error: { driverError: { constraint: string } }) => error.driverError.constraint,
    );
    // A row may always keep its status, whatever else of it changes.
    const isAllowed = from === to || canMove(from, to);
    expect(refusedBy).toBe(isAllowed ? null : 'batch_jobs_status_edge_known');
    expect((await rows.row(id)).status).toBe(isAllowed ? to : from);
  });

  it('never has its revision lowered', async () => {
    const id = await rows.add({ revision: 3 });

    await expect(source.query('update batch_jobs set schedule_revision = 2 where id = $1', [id])).rejects.toMatchObject(
      {
        driverError: { constraint: 'batch_jobs_revision_never_falls' },
      },
    );
    expect((await rows.row(id)).revision).toBe(3);
  });

  it('has another version after each change, and the same after none', async () => {
    const id = await rows.add();
    const version = async () => {
      const [row] = await source.query<[{ version: number }]>('select version from batch_jobs where id = $1', [id]);
      return row.version;
    };
    expect(await version()).toBe(1);
    await source.query(`update batch_jobs set name = 'another', version = 99 where id = $1`, [id]);
    expect(await version()).toBe(2);
    await source.query('update batch_jobs set name = name where id = $1', [id]);
    expect(await version()).toBe(2);
  });
});

describe('wake-ups that were refused', () => {
  const refused = async (id: string) => {
    const [row] = await source.query<{ refused: number }[]>(
      'select refused from batch_job_stale_wake_ups where batch_job_id = $1',
      [id],
    );
    return row?.refused ?? 0;
  };
  const wake = (id: string, revision: number, trigger: 'timer' | 'sweep' = 'timer') =>
    database.schedules.claim({ batchJobId: id, revision }, trigger, 60);

  it('are counted: of an older schedule, and once more after the start; by a sweep they are none', async () => {
    const id = await rows.add({ startsInMs: 60_000 });
    await database.schedules.reschedule(by(CALLER, id), startIn(60_000));
    await wake(id, 1);
    expect(await refused(id)).toBe(1);

    await database.schedules.startNow(by(CALLER, id));
    await Promise.all([wake(id, 1), wake(id, 2), wake(id, 2, 'sweep')]);
    expect(await refused(id)).toBe(3);
  });

  it('are not counted when they are early, or of no job', async () => {
    const id = await rows.add();
    await wake(id, 1);
    await wake('batch_01ARZ3NDEKTSV4RRFFQ69G5FAV', 1);
    expect(await refused(id)).toBe(0);
  });
});

describe('a late limit of its own', () => {
  it.each([
    ['stricter than the deployment', 1, 60, 'missed'],
    ['laxer than the deployment', 60, 1, 'started'],
    ['of none at all', 0, 1, 'started'],
    ['not given', null, 1, 'missed'],
  ] as const)('%s decides', async (_what, own, deployment, outcome) => {
    const id = await rows.add({ startsInMs: -5 * 60_000 });
    await source.query('update batch_jobs set max_late_start_minutes = $2 where id = $1', [id, own]);

    expect(await database.schedules.claim({ batchJobId: id, revision: 1 }, 'sweep', deployment)).toMatchObject({
      outcome,
    });
    const missed = { action: 'missed', reason: 'start_window_missed' };
    expect((await rows.history(id)).at(-1)).toMatchObject(
      outcome === 'missed' ? missed : { action: 'started', reason: null },
    );
  });
});
