import { eventually } from '../../support/eventually.js';
import type { Fault } from '../fault.js';
import { isLongForm } from '../form.js';
import type { Random } from '../random.js';
import type { Batch, RecordingClient } from '../recording-client.js';
import type { Failpoint } from '../service-process.js';
import type { World } from '../world.js';

const BOUND_MS = 15_000;
const HOUR_MS = 3_600_000;

/** A request, what it needs to be there, and the steps of it at which the API dies (docs/architecture.md). */
interface Request {
  readonly prepare: (client: RecordingClient) => Promise<Batch | null>;
  readonly send: (client: RecordingClient, batch: Batch | null, startsAt: number) => Promise<unknown>;
  readonly failpoints: readonly Failpoint[];
}

const someBatch = (client: RecordingClient) => client.create('for a killed API', Date.now() + HOUR_MS);

const soonBatch = (client: RecordingClient) => client.create('for a killed API', Date.now() + 3_000);

const REQUESTS: Readonly<Record<string, Request>> = {
  create: {
    prepare: () => Promise.resolve(null),
    send: (client, _batch, startsAt) => client.create('by a killed API', startsAt),
    failpoints: [
      { point: 'create.before' },
      { point: 'create.sent' },
      { point: 'commit.sent' },
      { point: 'create.after' },
      { point: 'wakeAt.after' },
    ],
  },
  reschedule: {
    prepare: someBatch,
    send: (client, batch, startsAt) => client.reschedule(batch as Batch, startsAt),
    failpoints: [
      { point: 'reschedule.before' },
      { point: 'reschedule.sent' },
      { point: 'reschedule.after' },
      { point: 'rearm.before' },
      { point: 'rearm.sent' },
      { point: 'rearm.after' },
    ],
  },
  cancel: {
    prepare: soonBatch,
    send: (client, batch) => client.cancel(batch as Batch),
    failpoints: [
      { point: 'cancel.before' },
      { point: 'cancel.sent' },
      { point: 'cancel.after' },
      { point: 'rearm.after' },
    ],
  },
  start: {
    prepare: soonBatch,
    send: (client, batch) => client.startNow(batch as Batch),
    failpoints: [
      { point: 'startNow.before' },
      { point: 'startNow.sent' },
      { point: 'startNow.after' },
      { point: 'rearm.after' },
    ],
  },
};

// Every step costs a boot, which is two seconds of processor time: the short form takes some, other ones each time.
const STEPS = isLongForm ? Number.POSITIVE_INFINITY : 2;

/** Asks until the API has died where it was to, then starts it again: each step in its turn. */
async function killAtEach({ prepare, send, failpoints }: Request, { client, api }: World, random: Random) {
  for (const failpoint of random.shuffled(failpoints).slice(0, STEPS)) {
    const batch = await prepare(client);
    await api.arm(failpoint);
    await send(client, batch, Date.now() + random.between(1_500, 3_000));
    await eventually(() => {
      if (!api.hasReached(failpoint.point)) throw new Error(`the API was not killed at ${failpoint.point}`);
    }, 60_000);
    await api.start();
  }
}

/** One fault for each request. */
export const KILLED_API_FAULTS: readonly Fault[] = Object.entries(REQUESTS).map(([verb, request]) => ({
  name: `API killed at each step of ${verb}`,
  boundMs: BOUND_MS,
  mayRefuse: true,
  run: (world, random) => killAtEach(request, world, random),
}));
