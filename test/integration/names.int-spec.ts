import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { ListRepository } from '../../src/batch-jobs/list.repository.js';
import { runMigrations } from '../../src/database/data-source.js';
import { Database } from '../../src/shared/database.js';
import { eventually } from '../support/eventually.js';
import { TestDatabase } from '../support/test-database.js';

const FIRST_PAGE = { limit: 20, offset: 0, after: null };

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

const searches = async (): Promise<number> => {
  const [{ count }] = await database.query<[{ count: number }]>(
    `select idx_scan::integer as count from pg_stat_user_indexes where indexrelname = 'batch_jobs_by_name'`,
  );
  return count;
};

describe('jobs by a part of their name', () => {
  it('are found by the index among 100,000 of one organization', async () => {
    await database.query(
      `insert into batch_jobs (id, organization_id, from_phone_number_id, agent_id, name, status,
                               concurrent_call_limit, max_attempts, total_contacts)
       select 'batch_' || place, 'org_a', 'phone_a', 'agent_a',
              'Reminders of week ' || place || case when place % 25000 = 0 then ' (Müller)' else '' end,
              'pending', 5, 3, 1
         from generate_series(1, 100000) as place`,
    );
    await database.query('vacuum analyze batch_jobs');
    const access = new Database(database);
    const repository = new ListRepository(access);
    const before = await searches();

    const { jobs, total } = await repository.list('org_a', { name: 'MÜLL' }, FIRST_PAGE);

    expect([jobs.length, total]).toEqual([4, 4]);
    // Both by one statement. PostgreSQL makes its statistics known a moment later.
    await eventually(async () => expect(await searches()).toBe(before + 1));
  });

  it('have their index also where the extension lives in a schema that is not searched', async () => {
    const other = await TestDatabase.createEmpty();
    try {
      const empty = await other.connect();
      await empty.query('create schema extensions; create extension pg_trgm schema extensions');
      await empty.destroy();
      expect(await runMigrations(other.url)).not.toEqual([]);
    } finally {
      await other.drop();
    }
  });
});
