import { describe, expect, it } from '@jest/globals';
import type { ListedStart } from '../batch-jobs/schedule.statements.js';
import { batchJobIdOf, compare, type Difference } from './schedule.comparison.js';

const NOW = new Date('2027-03-01T15:00:00.000Z');
const at = (ms: number): Date => new Date(NOW.getTime() + ms);
const HOUR = 3_600_000;

/** A schedule in force, so far from now, by PostgreSQL's clock as by ours unless it is said to be apart. */
const start = (batchJobId: string, inMs: number, databaseAheadMs = 0): ListedStart => ({
  batchJobId,
  revision: 2,
  startsAt: at(inMs),
  dueForMs: databaseAheadMs - inMs,
});

const differences = (rows: readonly ListedStart[], armed: Record<string, Date> = {}): readonly Difference[] =>
  compare(rows, new Map(Object.entries(armed)), NOW);

describe('compare', () => {
  it('finds nothing where every start ahead has its wake-up, at its time', () => {
    const rows = [start('a', HOUR), start('b', 2 * HOUR)];
    expect(differences(rows, { 'a.r2': at(HOUR), 'b.r2': at(2 * HOUR) })).toEqual([]);
    expect(differences([])).toEqual([]);
  });

  it('names a start ahead that nothing wakes for', () => {
    const row = start('a', 1);
    expect(differences([row])).toEqual([{ kind: 'timer_missing', queueJobId: 'a.r2', start: row, firesAt: null }]);
  });

  it.each([-1_001, 1_001, HOUR])('names a wake-up that fires %d ms off', (offMs) => {
    const [row, firesAt] = [start('a', HOUR), at(HOUR + offMs)];
    expect(differences([row], { 'a.r2': firesAt })).toEqual([
      { kind: 'timer_at_another_time', queueJobId: 'a.r2', start: row, firesAt },
    ]);
  });

  it.each([-1_000, 1_000])('takes a wake-up for right that fires %d ms off', (offMs) => {
    expect(differences([start('a', HOUR)], { 'a.r2': at(HOUR + offMs) })).toEqual([]);
  });

  it('names every wake-up that no schedule in force wants: another revision, another job, no job', () => {
    const armed = { 'a.r1': at(HOUR), 'a.r2': at(HOUR), 'b.r2': at(HOUR), nobody: at(1) };
    expect(differences([start('a', HOUR)], armed)).toEqual([
      { kind: 'timer_unwanted', queueJobId: 'a.r1', start: null, firesAt: at(HOUR) },
      { kind: 'timer_unwanted', queueJobId: 'b.r2', start: null, firesAt: at(HOUR) },
      { kind: 'timer_unwanted', queueJobId: 'nobody', start: null, firesAt: at(1) },
    ]);
  });

  it.each([0, -1, -15_000])('leaves what is due for up to 15 s to timer and sweep: %d ms', (inMs) => {
    expect(differences([start('a', inMs)])).toEqual([]);
    expect(differences([start('a', inMs)], { 'a.r2': at(inMs) })).toEqual([]);
  });

  it('names a start that is due for more than 15 s and not made, with its wake-up or without', () => {
    const row = start('a', -15_001);
    const overdue = { kind: 'start_overdue', queueJobId: 'a.r2', start: row };
    expect(differences([row])).toEqual([{ ...overdue, firesAt: null }]);
    expect(differences([row], { 'a.r2': at(-15_001) })).toEqual([{ ...overdue, firesAt: at(-15_001) }]);
  });

  it("judges what is overdue by PostgreSQL's clock: ours may be apart", () => {
    // Ours is ten minutes ahead: not due yet, where it counts.
    expect(differences([start('a', -300_000, -600_000)])).toEqual([]);
    // Ours is ten minutes behind.
    expect(differences([start('a', 300_000, 600_000)])).toMatchObject([{ kind: 'start_overdue' }]);
  });
});

describe('batchJobIdOf', () => {
  it.each([
    ['batch_01ARZ3NDEKTSV4RRFFQ69G5FAV.r12', 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['batch_01ARZ3NDEKTSV4RRFFQ69G5FAV', null],
    ['batch_01ARZ3NDEKTSV4RRFFQ69G5FAV.r', null],
    ['batch_01ARZ3NDEKTSV4RRFFQ69G5FAV.r1.r2', null],
    ['nobody.r1', null],
    ['', null],
  ])('of %j is %j', (queueJobId, id) => {
    expect(batchJobIdOf(queueJobId)).toBe(id);
  });
});
