import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.js';
import type { Batch, RecordingClient } from './recording-client.js';

const HOUR_MS = 3_600_000;
// Four batches a second keep every moment busy, and two cores bear it.
const INTERVAL_MS = 250;
// Beyond the fault, so that what is asked right after it is judged as well.
const LEAST_MS = 2_500;

type Life = (client: RecordingClient, random: Random) => Promise<unknown>;

const inMs = (ms: number): number => Date.now() + ms;

/** One after the other, as a client that waits for each answer. */
const LIVES: Readonly<Record<string, Life>> = {
  kept: (client, random) => client.create('kept', inMs(random.between(700, 3_500))),
  moved: async (client, random) => {
    const batch = await client.create('moved', inMs(random.between(1_000, 3_500)));
    for (let moves = random.between(1, 3); moves > 0; moves -= 1) {
      await sleep(random.between(0, 500));
      await client.reschedule(batch, inMs(random.between(500, 3_000)));
    }
  },
  'moved far and back': async (client, random) => {
    const batch = await client.create('moved far and back', inMs(random.between(1_000, 2_500)));
    await client.reschedule(batch, inMs(HOUR_MS));
    await sleep(random.between(0, 300));
    await client.reschedule(batch, inMs(random.between(1_000, 3_000)));
  },
  'moved when due': (client, random) =>
    atItsTime(client, random, 'moved when due', (batch) => client.reschedule(batch, inMs(random.between(500, 2_500)))),
  'cancelled when due': (client, random) =>
    atItsTime(client, random, 'cancelled when due', (batch) => client.cancel(batch)),
  'started when due': (client, random) =>
    atItsTime(client, random, 'started when due', (batch) => client.startNow(batch)),
  cancelled: async (client, random) => {
    const batch = await client.create('cancelled', inMs(random.between(1_500, 3_000)));
    await sleep(random.between(0, 300));
    await client.cancel(batch);
  },
  'pending, then scheduled': async (client, random) => {
    const batch = await client.create('pending', null);
    await client.reschedule(batch, inMs(random.between(700, 2_500)));
  },
  'pending, then started': async (client) => client.startNow(await client.create('pending', null)),
  'two at once': async (client, random) => {
    const batch = await client.create('two at once', inMs(random.between(1_000, 3_000)));
    const [one, other] = [inMs(random.between(600, 1_200)), inMs(random.between(1_200, 2_500))];
    await Promise.all([client.reschedule(batch, one), client.reschedule(batch, other)]);
  },
  far: (client) => client.create('far', inMs(HOUR_MS)),
  'far, moved': async (client, random) => {
    const batch = await client.create('far, moved', inMs(HOUR_MS));
    await sleep(random.between(0, 500));
    await client.reschedule(batch, inMs(2 * HOUR_MS));
  },
  'far, cancelled': async (client, random) => {
    const batch = await client.create('far, cancelled', inMs(HOUR_MS));
    await sleep(random.between(0, 500));
    await client.cancel(batch);
  },
};

/** Something asked at the very time of the start, so that one of two must lose. */
async function atItsTime(
  client: RecordingClient,
  random: Random,
  label: string,
  ask: (batch: Batch) => Promise<void>,
): Promise<void> {
  const due = inMs(random.between(700, 2_000));
  const batch = await client.create(label, due);
  await sleep(Math.max(0, due - Date.now() + random.between(-20, 20)));
  await ask(batch);
}

/** Clients that create, move, cancel and start batches for as long as the disturbance lasts. */
export async function runWorkload(client: RecordingClient, random: Random, disturbance: Promise<unknown>) {
  const disturbed = new AbortController();
  const over = disturbance.finally(() => disturbed.abort());
  const lives: Promise<unknown>[] = [];
  const until = performance.now() + LEAST_MS;
  let order: string[] = [];
  for (let at = 0; !disturbed.signal.aborted || performance.now() < until; at += 1) {
    if (order.length === 0) order = random.shuffled(Object.keys(LIVES));
    lives.push(LIVES[order.pop() as string](client, random.fork(`life ${at}`)));
    await sleep(INTERVAL_MS);
  }
  await Promise.all([over, ...lives]);
}
