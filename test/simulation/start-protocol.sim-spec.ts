import { describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import type { Protocol, Simulation as SimulationType } from './simulation.js';
import { isLongRun, runsOf } from '../support/long-run.js';
import { simulatedTime } from './simulated-time.js';

// Before the services are loaded: their sleeps are the simulation's.
jest.unstable_mockModule('node:timers/promises', () => ({ setTimeout: simulatedTime.sleep }));
const { PRODUCT, Simulation } = await import('./simulation.js');
const { histories, requests, skews } = await import('./commands.js');

const RUNS = runsOf(500);

const FIRST_START_MS = 20_000;

/** A weakness is found within 200 runs or so; more than these is not finding it. */
const MOST_RUNS_FOR_A_TOOTH = 3_000;

/** Not a random one, so that the teeth are shown alike every time. */
const SEED_OF_TEETH = 1;

/**
 * Histories that failed once. fast-check prints `seed`, `path` and `replayPath` of each failure; they stand for the same
 * history only as long as `commands.ts` and the number of steps that a service takes stay as they are.
 */
const KEPT: readonly { seed: number; path: string; replayPath: string; was: string }[] = [];

/** Runs the services through one history, then leaves them alone. */
const history = (protocol: Protocol, ended: (simulation: SimulationType) => void = () => {}, replayPath?: string) =>
  fc.asyncProperty(
    fc.scheduler(),
    histories(replayPath),
    skews,
    fc.boolean(),
    async (scheduler, commands, skewMs, byTimer) => {
      const simulation = new Simulation(scheduler, protocol, skewMs);
      simulation.create(FIRST_START_MS, null);
      await fc.scheduledModelRun(scheduler, () => ({ model: {}, real: simulation }), commands);
      await simulation.settle(byTimer);
      ended(simulation);
    },
  );

describe('the services, on a simulated clock, queue and database', () => {
  it('keep the promise in the histories that broke it once', async () => {
    for (const { seed, path, replayPath, was } of KEPT) {
      const { failed } = await fc.check(history(PRODUCT, undefined, replayPath), { seed, path });
      expect({ was, failed }).toEqual({ was, failed: false });
    }
    expect.assertions(KEPT.length);
  });

  it('keep the promise in any history', async () => {
    const seen = new Map<string, number>();
    const see = (what: string, times = 1) => seen.set(what, (seen.get(what) ?? 0) + times);

    await fc.assert(
      history(PRODUCT, ({ world: { database, redis } }) => {
        for (const { trigger } of database.starts) see(`started by ${trigger}`);
        for (const refusal of database.refusals) see(`claim was ${refusal}`);
        for (const { status } of database.all()) see(`ended as ${status}`);
        see('missed', database.misses.length);
        see('ghost', redis.ghosts);
      }),
      { numRuns: RUNS },
    );

    // Nothing is kept for want of trying. Fewer histories may miss something of it.
    if (!isLongRun) return;
    expect([...seen].filter(([, times]) => times > 0).map(([what]) => what)).toEqual(
      expect.arrayContaining([
        'started by timer',
        'started by sweep',
        'started by request',
        'claim was early',
        'claim was stale',
        'missed',
        'ended as cancelled',
        'ghost',
      ]),
    );
  }, 120_000);

  it('set the wake-up of every schedule themselves, as long as nothing breaks', async () => {
    const rightClocks = { api: 0, 'worker 1': 0, 'worker 2': 0 };
    const result = await fc.check(
      fc.asyncProperty(fc.scheduler(), requests, async (scheduler, commands) => {
        const simulation = new Simulation(scheduler, PRODUCT, rightClocks);
        simulation.create(FIRST_START_MS, null);
        await fc.scheduledModelRun(scheduler, () => ({ model: {}, real: simulation }), commands);
        await simulation.checkWakeUps();
      }),
      { numRuns: RUNS },
    );

    expect(result.failed ? fc.defaultReportMessage(result) : null).toBeNull();
  }, 60_000);
});

describe('a weakened protocol is found to break', () => {
  it.each<[string, Partial<Protocol>, RegExp]>([
    ['no due-time guard', { checksDueTime: false }, /nothing starts before its time/],
    ['no revision check', { checksRevision: false }, /no superseded wake-up starts anything/],
    [
      'a claim that reads, then writes',
      { claimsAtOnce: false },
      /at most once|what has not begun|before its time|after a cancel/,
    ],
    ['no sweep', { sweeps: false }, /left alone, a schedule comes to its end/],
  ])(
    '%s',
    async (_part, weakness, promise) => {
      const { failed, errorInstance } = await fc.check(history({ ...PRODUCT, ...weakness }), {
        seed: SEED_OF_TEETH,
        numRuns: MOST_RUNS_FOR_A_TOOTH,
        endOnFailure: true,
      });

      expect(failed).toBe(true);
      expect(String(errorInstance)).toMatch(promise);
    },
    60_000,
  );
});
