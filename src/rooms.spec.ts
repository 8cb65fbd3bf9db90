import { describe, expect, it } from '@jest/globals';
import { arrows, circle, report, ROOMS } from '../scripts/rooms.js';

describe('the rooms', () => {
  const found = arrows();

  it.each(Object.entries(ROOMS))('%s imports what it may, and all of it', (room, { imports }) => {
    expect(new Set(found.get(room)?.keys())).toEqual(new Set(imports));
  });

  it('have no circle', () => {
    expect(circle(found)).toBeNull();
  });

  it('would show one', () => {
    const one = new Map([
      ['a', new Map([['b', 1]])],
      ['b', new Map([['c', 1]])],
      ['c', new Map([['b', 2]])],
    ]);
    expect(circle(one)).toEqual(['b', 'c', 'b']);
  });

  it('are told as two tables', () => {
    expect(report()).toMatch(/^\| imports → \| api \| operations /);
    for (const room of Object.keys(ROOMS))
      expect(report()).toMatch(new RegExp(`^\\| ${room.replace('.', '\\.')} +\\|`, 'm'));
  });
});
