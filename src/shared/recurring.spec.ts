import { describe, expect, it } from '@jest/globals';
import { Recurring } from './recurring.js';

/** Work whose rounds the test lets end one by one. */
const setup = (pauseMs: number) => {
  const rounds: { end: () => void; signal: AbortSignal }[] = [];
  let begun: () => void = () => undefined;
  const recurring = new Recurring(
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
});
