import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { RetentionRepository } from '../../src/batch-jobs/retention.repository.js';
import { RetentionUpkeep } from '../../src/batch-jobs/retention.upkeep.js';
import { Database } from '../../src/shared/database.js';
import { withDefaults, type SettingsInput } from '../../src/shared/settings.js';
import { eventually } from '../support/eventually.js';
import { by, CALLER, JobRows, startIn } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

let database: ScheduleDatabase;
let rows: JobRows;
let client: Client;
let retention: RetentionRepository;
beforeAll(async () => {
  database = await ScheduleDatabase.create();
  ({ rows } = database);
  client = await database.session();
  retention = new RetentionRepository(new Database(database.source));
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Adds changes of a job, so many days ago each. */
const addHistory = (id: string, daysAgo: readonly number[]) =>
  client.query(
    `insert into batch_job_history (batch_job_id, organization_id, action, actor, after, occurred_at)
     select $1, 'org_a', 'rescheduled', 'test', '{}', clock_timestamp() - make_interval(days => days)
       from unnest($2::integer[]) as list (days)`,
    [id, daysAgo],
  );

/** Adds a call for each, named by its place; null: it has not ended. */
const addCalls = (id: string, endedDaysAgo: readonly (number | null)[]) =>
  client.query(
    `insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, ended_at, outcome)
     select 'call_' || right($1, 26) || place, 'org_a', $1, 'contact_' || right($1, 26) || place, 1,
            clock_timestamp() - make_interval(days => coalesce(days, 400)),
            clock_timestamp() - make_interval(days => days), case when days is not null then 'answered' end
       from unnest($2::integer[]) with ordinality as list (days, place)`,
    [id, endedDaysAgo],
  );

const callsOf = async (id: string): Promise<number[]> => {
  const { rows: calls } = await client.query<{ place: number }>(
    'select right(id, 1)::integer as place from call_attempts where batch_job_id = $1 order by id',
    [id],
  );
  return calls.map(({ place }) => place);
};

const endedDaysAgo = (id: string, days: number) =>
  client.query('update batch_jobs set completed_at = clock_timestamp() - make_interval(days => $2) where id = $1', [
    id,
    days,
  ]);

beforeEach(async () => {
  await client.query(`begin; set local batch_jobs.prunes_history = 'on'; delete from batch_job_history; commit`);
  await client.query('delete from call_attempts');
});

describe('old history', () => {
  it('goes a piece at a time, and what is younger stays', async () => {
    const id = await rows.add();
    await addHistory(id, [400, 399, 398, 10, 1]);
    expect(await retention.pruneHistory(365, 2)).toEqual({ deleted: 2, mayBeMore: true });
    expect(await retention.pruneHistory(365, 2)).toEqual({ deleted: 1, mayBeMore: false });
    expect(await retention.pruneHistory(365, 2)).toEqual({ deleted: 0, mayBeMore: false });
    expect(await rows.history(id)).toHaveLength(2);
  });

  it('stays against everybody else, also in the session that has deleted', async () => {
    await addHistory(await rows.add(), [400]);
    await retention.pruneHistory(30, 10);
    await addHistory(await rows.add(), [400]);
    for (let session = 0; session < 10; session += 1)
      await expect(database.source.query('delete from batch_job_history')).rejects.toThrow('only grows');
    await client.query(`begin; set local batch_jobs.prunes_history = 'on'`);
    await expect(client.query(`update batch_job_history set actor = 'x'`)).rejects.toThrow('only grows');
    await client.query(`rollback; begin; set local batch_jobs.prunes_history = 'on'`);
    await expect(client.query('truncate batch_job_history')).rejects.toThrow('only grows');
    await client.query('rollback');
  });
});

describe('old calls', () => {
  it('go when their batch has ended as long ago, or is deleted; open ones never', async () => {
    const [ended, justEnded, running, deleted] = [
      await rows.add({ status: 'completed' }),
      await rows.add({ status: 'completed' }),
      await rows.add({ status: 'running' }),
      await rows.add({ status: 'completed' }),
    ];
    await endedDaysAgo(ended, 380);
    for (const id of [ended, justEnded, running, deleted]) await addCalls(id, [400, 10, null]);
    await client.query('delete from batch_jobs where id = $1', [deleted]);

    let after = '';
    for (;;) {
      const pruned = await retention.pruneCalls(365, after, 2);
      after = pruned?.lastId ?? '';
      if (!after) break;
    }

    const left = [];
    for (const id of [ended, justEnded, running, deleted]) left.push(await callsOf(id));
    expect(left).toEqual([
      [2, 3],
      [1, 2, 3],
      [1, 2, 3],
      [2, 3],
    ]);
  });
});

describe('the upkeep', () => {
  const upkeep = (settings: Partial<SettingsInput>) =>
    new RetentionUpkeep(retention, withDefaults({ databaseUrl: '', redisUrl: '', apiKeyPepper: '', ...settings }));

  it('deletes what the settings name, past rows that have to stay, and nothing without them', async () => {
    const [running, ended] = [await rows.add({ status: 'running' }), await rows.add({ status: 'completed' })];
    await endedDaysAgo(ended, 380);
    await addHistory(ended, [400, 1]);
    // More than are looked at together.
    await addCalls(
      running,
      Array.from({ length: 1_001 }, () => 400),
    );
    await addCalls(ended, [390, 1]);

    for (const [settings, changes, calls] of [
      [{}, 2, [1, 2]],
      [{ historyKeptDays: 365 }, 1, [1, 2]],
      [{ callsKeptDays: 365 }, 1, [2]],
    ] as const) {
      const working = upkeep(settings);
      working.onApplicationBootstrap();
      await eventually(async () =>
        expect([(await rows.history(ended)).length, await callsOf(ended)]).toEqual([changes, calls]),
      );
      await working.beforeApplicationShutdown();
    }
    expect(await callsOf(running)).toHaveLength(1_001);
  });

  it('leaves it to the process that is at it, and lets moves pass meanwhile', async () => {
    const id = await rows.add();
    await addHistory(id, [400]);
    const other = await database.session();
    try {
      await other.query(`begin; set local batch_jobs.prunes_history = 'on'`);
      await other.query(
        `select pg_advisory_xact_lock(hashtextextended(current_schema() || ' batch-jobs retention', 0))`,
      );
      await other.query('delete from batch_job_history');

      expect(await retention.pruneHistory(365, 10)).toBeNull();
      expect(await retention.pruneCalls(365, '', 10)).toBeNull();
      expect(await database.schedules.reschedule(by(CALLER, id), startIn(90_000))).toMatchObject({
        outcome: 'changed',
      });
      await other.query('commit');
    } finally {
      await other.end();
    }
    expect(await retention.pruneHistory(365, 10)).not.toBeNull();
    expect(await rows.history(id)).toHaveLength(1);
  });
});
