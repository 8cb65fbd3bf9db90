import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import moment from 'moment-timezone';
import { readWallTime, ZONE_RULES, type Reading, type Zone } from './zone-rules.js';
import { runsOf } from '../../test/support/long-run.js';

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(1970, 0, 1);
const LAST_MS = Date.UTC(2038, 0, 1);

/** A stretch of time in which a zone keeps one offset. */
interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly offsetMs: number;
}

/** The zone's whole history as the data lists it, instead of by the lookup under test. */
const stretchesOf = (name: string): Stretch[] => {
  const { untils, offsets } = moment.tz.zone(name)!;
  return offsets.map((minutes, at) => ({
    fromMs: at === 0 ? -Infinity : untils[at - 1],
    untilMs: untils[at] ?? Infinity,
    offsetMs: -minutes * 60_000,
  }));
};

/** The changes between 1970 and 2037 that move the clock. */
const changesOf = (name: string): { atMs: number; fromMs: number; toMs: number }[] =>
  stretchesOf(name)
    .map(({ untilMs, offsetMs }, at, all) => ({ atMs: untilMs, fromMs: offsetMs, toMs: all[at + 1]?.offsetMs }))
    .filter(({ atMs, fromMs, toMs }) => atMs >= FIRST_MS && atMs < LAST_MS && fromMs !== toMs);

/** Every instant at which a clock in the zone shows the wall time; around a gap, the two that the change separates. */
const oracle = (wallMs: number, name: string): Reading => {
  const shown = stretchesOf(name)
    .filter(({ fromMs, untilMs, offsetMs }) => wallMs - offsetMs >= fromMs && wallMs - offsetMs < untilMs)
    .map(({ offsetMs }) => wallMs - offsetMs);
  if (shown.length > 0) {
    const [earlierMs, laterMs] = [Math.min(...shown), Math.max(...shown)];
    return { resolution: shown.length === 1 ? 'exact' : 'overlap', earlierMs, laterMs };
  }
  const gap = changesOf(name).find(({ atMs, fromMs, toMs }) => wallMs >= atMs + fromMs && wallMs < atMs + toMs)!;
  return { resolution: 'gap', earlierMs: wallMs - gap.toMs, laterMs: wallMs - gap.fromMs };
};

const zoneNamed = (name: string): Zone => ZONE_RULES.find(name)!;

describe('zone rules', () => {
  it('are those of IANA 2026f or newer, which the vectors are made from', () => {
    expect(ZONE_RULES.version).toMatch(/^20\d\d[a-z]$/);
    expect(ZONE_RULES.version >= '2026f').toBe(true);
  });

  it('know every name of the data in any case, and give its own spelling back', () => {
    expect(ZONE_RULES.names.length).toBeGreaterThan(590);
    for (const name of ZONE_RULES.names) {
      expect(ZONE_RULES.find(name)?.name).toBe(name);
      expect(ZONE_RULES.find(name.toUpperCase())?.name).toBe(name);
      expect(ZONE_RULES.find(name.toLowerCase())?.name).toBe(name);
    }
  });

  it.each(['', 'PST', 'GMT+5', '+05:00', 'local', 'America_New_York', 'America/New_York ', 'constructor', '__proto__'])(
    'know no zone %j',
    (name) => {
      expect(ZONE_RULES.find(name)).toBeNull();
    },
  );

  it('leave at least two days between the changes of a zone, on which reading a wall time rests', () => {
    const pauses = ZONE_RULES.names.flatMap((name) =>
      changesOf(name).map(({ atMs }, at, all) => (at === 0 ? Infinity : atMs - all[at - 1].atMs)),
    );
    expect(Math.min(...pauses) / HOUR_MS).toBe(167);
  });

  it('read any wall time around any change as the history of its zone does', () => {
    const changing = ZONE_RULES.names.filter((name) => changesOf(name).length > 0);
    const nearAChange = fc
      .constantFrom(...changing)
      .chain((name) =>
        fc.tuple(
          fc.constant(name),
          fc.constantFrom(...changesOf(name)),
          fc.integer({ min: -50 * 60, max: 50 * 60 }),
          fc.constantFrom(0, 1, 59_999),
        ),
      )
      .map(([name, { atMs, fromMs }, minutes, ms]) => ({ name, wallMs: atMs + fromMs + minutes * 60_000 + ms }));

    fc.assert(
      fc.property(nearAChange, ({ name, wallMs }) => {
        expect(readWallTime(wallMs, zoneNamed(name))).toEqual(oracle(wallMs, name));
      }),
      { numRuns: runsOf(2000) },
    );
  });

  it('read the milliseconds around every change from 2026 to 2027 as the history of its zone does', () => {
    const recent = ZONE_RULES.names.flatMap((name) =>
      changesOf(name)
        .filter(({ atMs }) => atMs >= Date.UTC(2026, 0, 1) && atMs < Date.UTC(2028, 0, 1))
        .map((change) => ({ name, ...change })),
    );
    const edges = recent.flatMap(({ name, atMs, fromMs, toMs }) =>
      [atMs + fromMs, atMs + toMs].flatMap((edgeMs) =>
        [edgeMs - 1, edgeMs, edgeMs + 1].map((wallMs) => ({ name, wallMs })),
      ),
    );
    expect(edges.map(({ name, wallMs }) => readWallTime(wallMs, zoneNamed(name)))).toEqual(
      edges.map(({ name, wallMs }) => oracle(wallMs, name)),
    );
  });
});
