import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { Program } from '../support/programs.js';
import { TestDatabase } from '../support/test-database.js';

jest.setTimeout(60_000);

const COUNT = 2_500;

let testDatabase: TestDatabase;
let database: DataSource;
beforeAll(async () => {
  testDatabase = await TestDatabase.create();
  database = await testDatabase.connect();
  await database.query(
    `insert into organizations (id, name) select 'org_' || lpad(n::text, 6, '0'), 'Organization ' || n
       from generate_series(1, $1) as n`,
    [COUNT],
  );
  await database.query(
    `insert into api_keys (id, organization_id, name, hash, scopes)
     select 'key_' || lpad(n::text, 26, '0'), 'org_' || lpad((n % 7 + 1)::text, 6, '0'), 'key ' || n,
            sha256(n::text::bytea), array['jobs:read'] from generate_series(1, $1) as n`,
    [COUNT],
  );
  await database.query(
    `insert into phone_numbers (id, organization_id, phone_number)
     select 'phone_' || n, 'org_' || lpad((n % 7 + 1)::text, 6, '0'), '+120255' || (10000 + n)
       from generate_series(1, $1) as n`,
    [COUNT],
  );
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const list = (command: string): Program =>
  Program.run(`dist/src/cli/${command}.js`, ['list'], {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: 'redis://127.0.0.1',
    API_KEY_PEPPER: 'x'.repeat(32),
  });

it.each([
  ['keys', /^key_\d{26}/],
  ['organizations', /^org_\d{6}/],
  ['phone-numbers', /^phone_\d+/],
])('npm run %s -- list writes every line through a pipe, each once', async (command, id) => {
  const program = list(command);

  expect(await program.exited).toBe(0);

  const ids = program.output.split('\n').flatMap((line) => id.exec(line)?.[0] ?? []);
  expect(ids).toHaveLength(COUNT);
  expect(new Set(ids).size).toBe(COUNT);
});

it.each(['keys', 'organizations', 'phone-numbers'])('npm run %s -- list ends when nobody reads on', async (command) => {
  const program = list(command);
  program.stopReading();

  expect(await program.exited).toBe(141);
  expect(program.output).toBe('');
});
