import { describe, expect, it, jest } from '@jest/globals';
import { LogLines } from '../../test/support/log-lines.js';
import { Recurring } from './recurring.js';

/** Work whose rounds the test lets end one by one. */
const setup = (pauseMs: number) => {
  const rounds: { end: () => void; signal: AbortSignal }[] = [];
  let begun: () => void = () => undefined;
  const recurring = new Recurring(
    'test',
    (signal) =>
      new Promise<void>((end) => {
        rounds.push({ end, signal });
        begun();
      }),
    pauseMs,
  );
  const nextRound = () => new Promise<void>((resolve) => (begun = resolve));
  return { recurring, rounds, nextRound };
};

const AN_HOUR_MS = 3_600_000;

describe('Recurring', () => {
  it('begins the next round only after the last has ended', async () => {
    const { recurring, rounds, nextRound } = setup(0);
    recurring.start();
    expect(rounds).toHaveLength(1);

    const second = nextRound();
    rounds[0].end();
    await second;

    expect(rounds).toHaveLength(2);
    rounds[1].end();
    await recurring.stop();
  });

  it('begins at once when hastened in the pause', async () => {
    const { recurring, rounds, nextRound } = setup(AN_HOUR_MS);
    recurring.start();
    const second = nextRound();
    rounds[0].end();
    await new Promise(setImmediate);

    recurring.hasten();
    await second;

    expect(rounds).toHaveLength(2);
    rounds[1].end();
    await recurring.stop();
  });

  it('waits for the round in progress when stopped, and tells it', async () => {
    const { recurring, rounds } = setup(AN_HOUR_MS);
    recurring.start();
    let isStopped = false;
    const stopped = recurring.stop().then(() => (isStopped = true));
    await new Promise(setImmediate);

    expect(isStopped).toBe(false);
    expect(rounds[0].signal.aborted).toBe(true);

    rounds[0].end();
    await stopped;
    expect(rounds).toHaveLength(1);
  });

  it('repeats a round that was hastened while it ran', async () => {
    const { recurring, rounds, nextRound } = setup(AN_HOUR_MS);
    recurring.start();
    recurring.hasten();
    const second = nextRound();
    rounds[0].end();
    await second;

    expect(rounds).toHaveLength(2);
    rounds[1].end();
    await recurring.stop();
  });

  it('goes on after a round that throws, which does not count as completed', async () => {
    let rounds = 0;
    let isDone: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (isDone = resolve));
    const recurring = new Recurring(
      'test',
      async () => {
        rounds += 1;
        if (rounds === 1) throw new Error('out of the ordinary');
        isDone();
      },
      0,
    );
    const log = LogLines.listen();

    recurring.start();
    await done;
    await recurring.stop();

    expect(log.of('round failed')).toEqual([{ loop: 'test', reason: 'Error' }]);
  });

  it('counts as stopped when its last round was too long ago, unless it was told to stop', async () => {
    const { recurring, rounds } = setup(0);
    expect(recurring.isStopped).toBe(false);
    recurring.start();
    expect(recurring.isStopped).toBe(false);

    const later = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + AN_HOUR_MS);
    expect(recurring.isStopped).toBe(true);
    expect(recurring.silentForMs).toBeGreaterThan(AN_HOUR_MS - 1);

    rounds[0].end();
    await recurring.stop();
    expect(recurring.isStopped).toBe(false);
    later.mockRestore();
  });
});
