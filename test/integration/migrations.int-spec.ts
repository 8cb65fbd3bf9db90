import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DataSource } from 'typeorm';
import { runMigrations } from '../../src/database/data-source.js';
import { TestDatabase } from '../support/test-database.js';

const run = promisify(execFile);

let testDatabase: TestDatabase;
let database: DataSource;
beforeAll(async () => {
  testDatabase = await TestDatabase.create();
  database = await testDatabase.connect();
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

/** Oldest first. */
const MIGRATIONS = [
  'CreateBatchJobs',
  'KeepWhatHappened',
  'PlaceCalls',
  'FindAndRetry',
  'NameKeys',
  'TellHealth',
  'HoldBatches',
  'CountBatchJobs',
  'ListBatchJobs',
  'PruneLedgers',
];

const tables = async (): Promise<string[]> => {
  const rows = await database.query<{ name: string }[]>(
    `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  );
  return rows.map((row) => row.name);
};

/** The command as `npm run migration:…` has it. */
const typeorm = (command: string) =>
  run('node_modules/.bin/typeorm', [command, '-d', 'dist/ormconfig.js'], {
    env: { ...process.env, DATABASE_URL: testDatabase.url },
  });

describe('the migrations', () => {
  it('make exactly the tables that the entities describe', async () => {
    const { upQueries } = await database.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('are applied once by processes that start together', async () => {
    const together = await TestDatabase.createEmpty();
    try {
      const applied = await Promise.all([1, 2, 3].map(() => runMigrations(together.url)));
      expect(applied.flat()).toEqual(MIGRATIONS.map((name) => expect.stringMatching(new RegExp(`^${name}\\d+$`))));
    } finally {
      await together.drop();
    }
  });

  it('are undone and applied again by the typeorm command', async () => {
    const before = await tables();
    expect(before).toContain('batch_jobs');

    await typeorm('migration:revert');
    for (let left = MIGRATIONS.length - 1; left > 0; left -= 1)
      await database.undoLastMigration({ transaction: 'each' });
    expect(await tables()).toEqual(['batch_jobs_migrations']);

    await typeorm('migration:run');
    expect(await tables()).toEqual(before);
  });
});

describe('contact_counts', () => {
  it('adds up after every insert, update and delete of contacts, whoever makes them', async () => {
    await database.query(`
      insert into batch_jobs (id, organization_id, from_phone_number_id, agent_id, name, status, concurrent_call_limit, max_attempts, total_contacts)
      values ('job', 'org', 'phone', 'agent', 'name', 'pending', 5, 3, 6)`);
    const counted = async () => {
      const counts = await database.query<{ status: string; contacts: number }[]>(
        `select status, contacts from contact_counts where batch_job_id = 'job' and contacts <> 0 order by status`,
      );
      const real = await database.query<{ status: string; contacts: number }[]>(
        `select status, count(*)::integer as contacts from contacts where batch_job_id = 'job' group by status order by status`,
      );
      expect(counts).toEqual(real);
      return Object.fromEntries(counts.map(({ status, contacts }) => [status, contacts]));
    };

    await database.query(`
      insert into contacts (id, batch_job_id, position, phone_number, contact_data)
      select 'contact_' || n, 'job', n, '+12025550123', '{}' from generate_series(1, 6) as n`);
    expect(await counted()).toEqual({ pending: 6 });

    await database.query(`update contacts set status = 'busy' where position <= 2`);
    await database.query(`update contacts set status = case when position = 1 then 'completed' else status end`);
    expect(await counted()).toEqual({ busy: 1, completed: 1, pending: 4 });

    await database.query(`delete from contacts where position in (2, 6)`);
    expect(await counted()).toEqual({ completed: 1, pending: 3 });

    await database.query(`delete from batch_jobs where id = 'job'`);
    expect(await counted()).toEqual({});
  });
});
