import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Database } from '../../src/shared/database.js';
import { packageFile } from '../../src/shared/package-file.js';
import { integer, statement, text, type SqlType } from '../../src/shared/statement.js';
import { declaredStatements, FILES, SOURCES, type AnyStatement } from '../support/declared-statements.js';
import { describeStatement, type Described } from '../support/described.js';
import { TestDatabase } from '../support/test-database.js';

/*
 * PostgreSQL reads every statement of the product against the migrated schema, and says what it takes and what it gives.
 * Both must be what is declared: then the compiler's word counts for the database, too.
 */

const STATEMENTS = await declaredStatements();

const namesOf = (types: Readonly<Record<string, SqlType<unknown>>>): Record<string, string> =>
  Object.fromEntries(Object.entries(types).map(([name, type]) => [name, type.name]));

const declared = ({ definition, names }: AnyStatement): Described => ({
  parameters: names.map((name) => namesOf(definition.parameters)[name]),
  columns: namesOf(definition.columns),
});

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await TestDatabase.create();
  client = new Client(database.url);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const described = (of: AnyStatement): Promise<Described> => describeStatement(client, of.text);

describe('every statement', () => {
  it.each(STATEMENTS)('%s takes and gives what it declares', async (_, each) => {
    expect(await described(each)).toEqual(declared(each));
  });

  it('stands where it is found', () => {
    expect(STATEMENTS.length).toBeGreaterThan(50);
    const elsewhere = SOURCES.filter((file) => !FILES.includes(file) && !/^(database|embedded)\//.test(file)).filter(
      (file) => /\.query[(<]|\bstatement[(<]/.test(readFileSync(packageFile(join('src', file)), 'utf8')),
    );
    // Where a statement is made, and run.
    expect(elsewhere).toEqual(['shared/statement.ts']);
  });
});

describe('a session', () => {
  it('keeps the plan of a statement, and is replaced when a column has another type by now', async () => {
    const source = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    try {
      await source.query('create table changing (value integer)');
      await source.query('insert into changing values (7)');
      const read = statement({ sql: 'select value from changing', parameters: {}, columns: { value: text } });
      const running = new Database(source);
      const values = async () => (await running.run(read, {})).map(({ value }) => value);
      expect([await values(), await values()]).toEqual([[7], [7]]);
      expect(await source.query('select statement from pg_prepared_statements')).toEqual([{ statement: read.text }]);

      await source.query('alter table changing alter column value type text');

      expect(await values()).toEqual(['7']);
    } finally {
      await source.destroy();
    }
  });
});

describe('a statement that is not what it declares', () => {
  const NAME_OF = 'select name, total_contacts as "totalContacts" from batch_jobs where id = :id';
  const columns = { name: text, totalContacts: integer };

  it.each<[string, AnyStatement]>([
    ['a type of a parameter', statement({ sql: NAME_OF, parameters: { id: integer }, columns })],
    [
      'a type of a column',
      statement({ sql: NAME_OF, parameters: { id: text }, columns: { ...columns, name: integer } }),
    ],
    ['a column too many', statement({ sql: NAME_OF, parameters: { id: text }, columns: { ...columns, id: text } })],
    ['a column too few', statement({ sql: NAME_OF, parameters: { id: text }, columns: { name: text } })],
    [
      'a column of another name',
      statement({ sql: NAME_OF, parameters: { id: text }, columns: { name: text, total_contacts: integer } }),
    ],
  ])('is seen by %s', async (_, wrong) => {
    expect(await described(wrong)).not.toEqual(declared(wrong));
  });

  it('is seen by a column that the schema does not have', async () => {
    const wrong = statement({
      sql: 'select title from batch_jobs where id = :id',
      parameters: { id: text },
      columns: { title: text },
    });
    await expect(described(wrong)).rejects.toThrow('column "title" does not exist');
  });
});
