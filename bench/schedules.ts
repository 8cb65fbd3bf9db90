import Bull, { type Queue } from 'bull';
import type { Client } from 'pg';
import { FOLD_COUNT_CHANGES } from '../src/batch-jobs/count.statements.js';
import { firingTimesOf } from '../src/queue/delayed-set.js';
import { wakeUpId } from '../src/queue/scheduler.gateway.js';
import { ORGANIZATION, PHONE_NUMBER, REDIS_PREFIX } from './service.js';

/* Scheduled batches by the hundred thousand: rows by one statement, timers through Bull, without our API. */

interface Scheduled {
  readonly batchJobId: string;
  readonly revision: number;
  readonly startsAt: Date;
}

/** When batches start: the first so many seconds from now, the last so many later, the others between them. */
export interface Times {
  readonly firstInSeconds: number;
  readonly overSeconds: number;
}

/** Over most of the year that a batch may lie ahead, from tomorrow on. */
export const OVER_A_YEAR: Times = { firstInSeconds: 86_400, overSeconds: 300 * 86_400 };

/** The id of the nth batch of a benchmark, from 1 on: as an id looks, and without a random part. */
export const batchId = (at: number): string => `batch_${String(at).padStart(26, '0')}`;

/** Adds the rows of scheduled batches without contacts, as a create leaves them, numbered `first` to `last`. */
export async function insertScheduled(
  database: Client,
  [first, last]: readonly [number, number],
  { firstInSeconds, overSeconds }: Times,
): Promise<void> {
  await database.query(
    `with created as (
       insert into batch_jobs (
         id, organization_id, from_phone_number_id, agent_id, name, status, concurrent_call_limit, max_attempts,
         total_contacts, schedule_revision, starts_at, timezone, disambiguation, tzdb_version)
       select 'batch_' || lpad(at::text, 26, '0'), $3, $4, 'agent_bench', 'Bench ' || at, 'scheduled', 5, 3,
              0, 1, now() + make_interval(secs => $5::double precision + $6::double precision * (at - $1::integer) / ($2::integer - $1::integer + 1.0)),
              'UTC', 'compatible', 'bench'
         from generate_series($1::integer, $2::integer) as batch (at)
       returning *
     )
     insert into batch_job_history (batch_job_id, organization_id, action, actor, after)
     select id, organization_id, 'created', 'bench', '{"status": "scheduled"}' from created`,
    [first, last, ORGANIZATION, PHONE_NUMBER, firstInSeconds, overSeconds],
  );
  // As it would be long after a million batches were created one by one.
  await database.query('analyze batch_jobs');
}

/** Adds so many changes of each of the batches, numbered `first` to `last`, in the order in which they would have been made. */
export async function insertHistory(
  database: Client,
  [first, last]: readonly [number, number],
  changes: number,
): Promise<void> {
  await database.query(
    `insert into batch_job_history (batch_job_id, organization_id, action, actor, before, after)
     select 'batch_' || lpad(at::text, 26, '0'), $3, 'rescheduled', 'bench', facts, facts
       from generate_series(1, $4::integer) as change, generate_series($1::integer, $2::integer) as batch (at),
            jsonb_build_object('status', 'scheduled', 'startsAt', '2027-03-01T14:00:00.000Z', 'timezone', 'UTC') as facts`,
    [first, last, ORGANIZATION, changes],
  );
}

/**
 * Adds the rows of batches without contacts as a year of use leaves them: created over the last year, to start at random
 * over most of the next, one in 1,000 paused and a tenth completed; with one change each, and counters added up.
 */
export async function insertYear(database: Client, batches: number): Promise<void> {
  await database.query(
    `with created as (
       insert into batch_jobs (
         id, organization_id, from_phone_number_id, agent_id, name, status, concurrent_call_limit, max_attempts,
         total_contacts, schedule_revision, starts_at, timezone, disambiguation, tzdb_version, created_at, started_at)
       select 'batch_' || lpad(at::text, 26, '0'), $2, $3, 'agent_bench', 'Bench ' || at, status, 5, 3, 0, 1,
              now() + make_interval(secs => 86400 + 300 * 86400.0 * random()), 'UTC', 'compatible', 'bench',
              now() - make_interval(secs => 365 * 86400.0 * ($1::integer - at) / $1::integer),
              case when status <> 'scheduled' then now() end
         from generate_series(1, $1::integer) as batch (at),
              lateral (select case when at % 1000 = 7 then 'paused' when at % 10 = 3 then 'completed' else 'scheduled' end)
                as lives (status)
       returning *
     )
     insert into batch_job_history (batch_job_id, organization_id, action, actor, after)
     select id, organization_id, 'created', 'bench', '{"status": "scheduled"}' from created`,
    [batches, ORGANIZATION, PHONE_NUMBER],
  );
  await database.query(FOLD_COUNT_CHANGES.text, [batches]);
  await database.query('vacuum analyze');
}

const openQueue = (redisUrl: string): Queue => new Bull('batch-start', redisUrl, { prefix: REDIS_PREFIX });

const PAGE = 2_000;

async function* pages(database: Client, after = 0): AsyncGenerator<Scheduled[]> {
  for (let afterId = batchId(after); ;) {
    const { rows } = await database.query<Scheduled>(
      `select id as "batchJobId", schedule_revision as revision, starts_at as "startsAt" from batch_jobs
        where status = 'scheduled' and id > $1 order by id limit ${PAGE}`,
      [afterId],
    );
    if (rows.length === 0) return;
    yield rows;
    afterId = rows[rows.length - 1].batchJobId;
  }
}

/**
 * Sets a timer for every scheduled batch as our service does.
 *
 * @param after the number of the last batch that has one
 */
export async function armAll(database: Client, redisUrl: string, after = 0): Promise<void> {
  const queue = openQueue(redisUrl);
  try {
    for await (const page of pages(database, after)) {
      const timestamp = Date.now();
      await queue.addBulk(
        page.map((start) => {
          const delay = Math.max(0, start.startsAt.getTime() - timestamp);
          const { batchJobId, revision } = start;
          // The timestamp is unknown to Bull's types.
          const opts = { jobId: wakeUpId(start), timestamp, delay, removeOnComplete: true, removeOnFail: true };
          return { name: 'start', data: { batchJobId, revision }, opts };
        }),
      );
    }
  } finally {
    await queue.close();
  }
}

/** @returns how many scheduled batches have no timer, or one of another time, and how many timers no batch has */
export async function countMismatches(database: Client, redisUrl: string): Promise<number> {
  const queue = openQueue(redisUrl);
  try {
    const firing = firingTimesOf(await queue.client.zrange(queue.toKey('delayed'), 0, -1, 'WITHSCORES'));
    let mismatches = 0;
    for await (const page of pages(database)) {
      for (const start of page) {
        if (firing.get(wakeUpId(start)) !== start.startsAt.getTime()) mismatches += 1;
        firing.delete(wakeUpId(start));
      }
    }
    return mismatches + firing.size;
  } finally {
    await queue.close();
  }
}

/** Gives each batch one contact, whose number a simulated call answers; a trigger counts it. */
export async function addContacts(database: Client): Promise<void> {
  await database.query(
    `insert into contacts (id, batch_job_id, position, phone_number, contact_data)
     select 'contact_' || right(id, 26), id, 1, phone, json_build_object('phone', phone)
       from batch_jobs, lateral (select '+121220000' || lpad((right(id, 6)::integer % 70)::text, 2, '0')) as number (phone)`,
  );
  await database.query('update batch_jobs set total_contacts = 1');
}
