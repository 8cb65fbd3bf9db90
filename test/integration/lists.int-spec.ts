import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { CountRepository } from '../../src/batch-jobs/count.repository.js';
import { ListRepository, type ListFilter, type ListPage } from '../../src/batch-jobs/list.repository.js';
import { Database } from '../../src/shared/database.js';
import { fillTables } from '../support/filled-tables.js';
import { by, CALLER, JobRows, startIn } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

let database: ScheduleDatabase;
let rows: JobRows;
let client: Client;
let lists: ListRepository;
let counts: CountRepository;
beforeAll(async () => {
  database = await ScheduleDatabase.create();
  ({ rows } = database);
  client = await database.session();
  const access = new Database(database.source);
  lists = new ListRepository(access);
  counts = new CountRepository(access);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** By the counters, and by counting. */
const counted = async (organizationId: string): Promise<[number, number]> => {
  const { rows: real } = await client.query<{ jobs: number }>(
    'select count(*)::integer as jobs from batch_jobs where organization_id = $1',
    [organizationId],
  );
  const { total } = await lists.list(organizationId, {}, { limit: 1, offset: 0, after: null });
  return [total, real[0].jobs];
};

describe('the counters of batches', () => {
  it('add up after everything that changes what is counted', async () => {
    const ids = [await rows.add(), await rows.add({ status: 'pending', startsInMs: null }), await rows.add()];
    expect(await counted('org_a')).toEqual([3, 3]);
    await database.schedules.cancel(by(CALLER, ids[0]));
    await client.query(`update batch_jobs set created_at = '2020-02-02T00:00:00Z' where id = $1`, [ids[1]]);
    await client.query('delete from batch_jobs where id = $1', [ids[2]]);
    expect(await counted('org_a')).toEqual([2, 2]);

    const ofStatus = async (status: 'cancelled' | 'scheduled' | 'pending') =>
      (await lists.list('org_a', { status }, { limit: 1, offset: 0, after: null })).total;
    const all = async () => [await ofStatus('cancelled'), await ofStatus('scheduled'), await ofStatus('pending')];
    expect(await all()).toEqual([1, 0, 1]);
    while ((await counts.fold(2)) > 0);
    expect(await all()).toEqual([1, 0, 1]);

    await client.query('truncate batch_jobs cascade');
    expect(await counted('org_a')).toEqual([0, 0]);
  });

  it('are not touched by a move', async () => {
    const id = await rows.add();
    while ((await counts.fold(1_000)) > 0);
    await database.schedules.reschedule(by(CALLER, id), startIn(90_000));
    expect(await counts.fold(1_000)).toBe(0);
  });

  it('make nobody wait: neither for who has not committed, nor for who adds up', async () => {
    const [one, other, third] = [await rows.add(), await rows.add(), await rows.add()];
    const before = await counted('org_a');
    const second = await database.session();
    await client.query('begin');
    try {
      await client.query(`update batch_jobs set status = 'cancelled' where id = $1`, [one]);
      await second.query(`set lock_timeout = '1ms'`);
      await second.query('begin');
      await second.query(`update batch_jobs set status = 'cancelled' where id = $1`, [other]);
      await counts.fold(1_000);
      await database.schedules.cancel(by(CALLER, third));
      await second.query('commit');
    } finally {
      await client.query('commit');
      await second.end();
    }
    expect(await counted('org_a')).toEqual(before);
  });

  it('are exact when many change batches while several add up', async () => {
    const stop = new AbortController();
    const folding = Promise.all(
      [1, 2].map(async () => {
        while (!stop.signal.aborted) await counts.fold(3);
      }),
    );
    await Promise.all(
      Array.from({ length: 30 }, async (_, at) => {
        const id = await rows.add();
        if (at % 3 === 0) await database.schedules.cancel(by(CALLER, id));
      }),
    );
    stop.abort();
    await folding;
    while ((await counts.fold(1_000)) > 0);
    const [total, real] = await counted('org_a');
    expect(total).toBe(real);
    const { rows: both } = await client.query(`
      select status, sum(batch_jobs)::integer as jobs from batch_job_counts where organization_id = 'org_a'
       group by 1 having sum(batch_jobs) <> 0
      except select status, count(*)::integer from batch_jobs where organization_id = 'org_a' group by 1`);
    expect(both).toEqual([]);
  });
});

describe('a list of many', () => {
  /** In the middle of all starts, and a week later. */
  let middle: Date;
  let later: Date;
  beforeAll(async () => {
    await client.query('truncate batch_jobs cascade');
    await fillTables(client);
    const found = await client.query<{ at: Date }>(
      `select percentile_disc(0.5) within group (order by starts_at) as at from batch_jobs where organization_id = 'org_0'`,
    );
    middle = found.rows[0].at;
    later = new Date(middle.getTime() + 7 * 86_400_000);
  });

  /** What is wanted, said as simply as can be. */
  async function expected(organizationId: string, filter: ListFilter, { after, offset, limit }: ListPage) {
    const { rows: all } = await client.query<{ id: string; isBehind: boolean }>(
      `select id, $6::text is null or (created_at, id) < ($7::timestamptz, $6) as "isBehind" from batch_jobs
        where organization_id = $1 and ($2::text is null or status = $2) and ($3::text is null or position(lower($3) in lower(name)) > 0)
          and ($4::timestamptz is null or starts_at >= $4) and ($5::timestamptz is null or starts_at < $5)
        order by created_at desc, id desc`,
      [
        organizationId,
        filter.status,
        filter.name,
        filter.startsAfter,
        filter.startsBefore,
        after?.id,
        after?.createdAt,
      ],
    );
    const ids = all.filter(({ isBehind }) => isBehind).map(({ id }) => id);
    return { ids: ids.slice(offset, offset + limit), all: all.length };
  }

  /** Met without being looked up, however few they are. */
  const COMMON = ['a common name', 'pending without a start'];
  const FILTERS: [string, () => ListFilter][] = [
    ['none', () => ({})],
    ['scheduled', () => ({ status: 'scheduled' })],
    ['paused', () => ({ status: 'paused' })],
    ['starts after', () => ({ startsAfter: middle })],
    ['starts before', () => ({ startsBefore: middle })],
    ['starts between', () => ({ startsAfter: middle, startsBefore: later })],
    ['completed between', () => ({ status: 'completed', startsAfter: middle, startsBefore: later })],
    ['scheduled between', () => ({ status: 'scheduled', startsAfter: middle, startsBefore: later })],
    ['running before', () => ({ status: 'running', startsBefore: middle })],
    ['nothing after', () => ({ startsAfter: new Date('2300-01-01T00:00:00Z') })],
    ['pending without a start', () => ({ status: 'pending', name: 'week' })],
    ['a common name', () => ({ name: 'REMINDERS' })],
    ['a name of the past', () => ({ name: 'autumn' })],
    ['a rare name', () => ({ name: 'week 17' })],
    ['one old name', () => ({ name: 'letters 101' })],
    ['no name', () => ({ name: 'zebra' })],
    ['a short name', () => ({ name: '7 1' })],
    ['two letters', () => ({ name: 'zz' })],
    ['a name and a status', () => ({ name: 'week 2', status: 'failed' })],
    ['a name between', () => ({ name: '11', startsAfter: middle, startsBefore: later })],
    ['a name after', () => ({ name: 'week 3', startsAfter: middle })],
  ];

  describe.each(['org_0', 'org_5'])('of %s', (organizationId) => {
    it.each(FILTERS)('%s: pages by number and by cursor, and total', async (name, filterOf) => {
      const filter = filterOf();
      let after: ListPage['after'] = null;
      for (const page of [
        { limit: 21, offset: 0, after: null },
        { limit: 21, offset: 40, after: null },
        { limit: 7, offset: 1_990, after: null },
        { limit: 21, offset: 0 },
        { limit: 101, offset: 0 },
      ].map((each) => ({ after: undefined, ...each }))) {
        const asked: ListPage = { ...page, after: page.after === undefined ? after : page.after };
        const wanted = await expected(organizationId, filter, asked);
        const { jobs, total, isTotalExact } = await lists.list(organizationId, filter, asked);
        expect(jobs.map(({ id }) => id)).toEqual(wanted.ids);
        // What is not exact is less, by thousands.
        const isRight = isTotalExact ? total === wanted.all : total > 1_000 && total <= wanted.all;
        const isFew = wanted.all <= 5_000 && !COMMON.includes(name);
        expect({ total, isTotalExact, isRight }).toMatchObject({ isRight: true, isTotalExact: isFew || isTotalExact });
        after = jobs.at(-1) ?? after;
      }
    });
  });

  it('ends behind its last page', async () => {
    const { total } = await lists.list('org_0', {}, { limit: 1, offset: 0, after: null });
    const page = (offset: number) => lists.list('org_0', {}, { limit: 21, offset, after: null });
    expect((await page(total - 3)).jobs).toHaveLength(3);
    expect((await page(total)).jobs).toEqual([]);
    expect((await page(total + 1_000_000)).jobs).toEqual([]);
  });
});
