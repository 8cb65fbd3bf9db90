import { describe, expect, it } from '@jest/globals';
import { integer, listOf, statement, text, timestamp } from './statement.js';

describe('a statement', () => {
  const move = statement({
    sql: `update batch_jobs set starts_at = :startsAt::timestamptz, note = to_char(now(), 'HH24:MI:SS')
           where id = any (:ids) and starts_at < :startsAt and revision = :revision`,
    parameters: { ids: listOf(text), revision: integer, startsAt: timestamp },
    columns: {},
  });

  it('is compiled to numbers, one for each name, and leaves casts and formats alone', () => {
    expect(move.text).toBe(
      `update batch_jobs set starts_at = $1::timestamptz, note = to_char(now(), 'HH24:MI:SS')
           where id = any ($2) and starts_at < $1 and revision = $3`,
    );
  });

  it('gives the driver the values in that order, instants in UTC', () => {
    const values = { revision: 3, ids: ['a', 'b'], startsAt: new Date('2026-11-26T09:00:00+01:00') };
    expect(move.bind(values)).toEqual(['2026-11-26T08:00:00.000Z', ['a', 'b'], 3]);
  });

  it('gives a null as a null, whatever the type', () => {
    const asked = statement<{ at: Date | null }, object>({
      sql: 'select :at',
      parameters: { at: timestamp },
      columns: {},
    });
    expect(asked.bind({ at: null })).toEqual([null]);
  });

  it.each([
    ['a name that is not declared', 'select :id, :other'],
    ['one that is declared in vain', 'select 1'],
  ])('refuses %s', (_, sql) => {
    expect(() => statement({ sql, parameters: { id: text }, columns: {} })).toThrow(/declares \[id\]/);
  });
});
