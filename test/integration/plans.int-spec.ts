import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { declaredStatements, type AnyStatement } from '../support/declared-statements.js';
import { fillTables } from '../support/filled-tables.js';
import { faultsOf, planOf } from '../support/plans.js';
import { TestDatabase } from '../support/test-database.js';

/*
 * PostgreSQL plans every statement of the product as it does when it has run it a few times: once for every value. On
 * tables of tens of thousands of rows none of these plans may read a whole table, or sort much more than a page.
 */

/** What may be otherwise, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'LIST_BEGINNINGS of access/api-keys.statements.ts':
    'once a second at most, of all keys in force: that is what it is for',
  'FIND_NEWEST_RULES of batch-jobs/time-rules.statements.ts':
    'of a worker, every five minutes: all schedules are asked',
};

const STATEMENTS = await declaredStatements();

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await TestDatabase.create();
  client = new Client(database.url);
  await client.connect();
  await fillTables(client);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const faults = async (of: AnyStatement): Promise<string[]> => faultsOf(await planOf(client, of));

describe('the plan of every statement', () => {
  it.each(STATEMENTS.filter(([name]) => !(name in EXCEPTIONS)))('%s reads what it needs', async (_, each) => {
    expect(await faults(each)).toEqual([]);
  });

  it.each(Object.keys(EXCEPTIONS))('%s is still an exception', async (name) => {
    const [, each] = STATEMENTS.find(([known]) => known === name) ?? [];
    expect(each && (await faults(each))).not.toEqual([]);
  });

  it.each(['batch_jobs_in_list', 'batch_jobs_to_start', 'batch_job_history_of_job'])(
    'is found at fault without %s',
    async (index) => {
      await client.query('begin');
      try {
        await client.query(`drop index ${index}`);
        const found = [];
        for (const [name, each] of STATEMENTS) if (!(name in EXCEPTIONS)) found.push(...(await faults(each)));
        expect(found).not.toEqual([]);
      } finally {
        await client.query('rollback');
      }
    },
  );
});
