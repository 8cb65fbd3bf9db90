import { eventually } from '../support/eventually.js';
import type { Evidence } from './evidence.js';
import type { Fault } from './fault.js';
import { violationsOf } from './invariants.js';
import { LedgerReader } from './ledger.js';
import { Random } from './random.js';
import { CANARIES } from './recording-client.js';
import { RedisWatch } from './redis-watch.js';
import { SessionProbe } from './session-probe.js';
import { runWorkload } from './workload.js';
import type { World } from './world.js';
import { firingTimesOf } from '../../src/queue/delayed-set.js';

// What is due later than this was not meant to start in the round.
const SOON_MS = 600_000;
// Two rounds of the reconciler where nothing else runs. It begins anew when Redis does not answer within 500 ms, as on a
// machine that is overloaded: how long it then takes is nobody's promise.
const QUIESCENCE_MS = 60_000;
// Beyond the bound, so that what is over it is seen to be.
const SETTLE_MS = 5_000;
// Half of what the service waits for a session: on such a machine it may be refused one here and there.
const OVERLOADED_MS = 1_000;
// The default of MAX_LATE_START_MINUTES.
const MAX_LATE_MS = 3_600_000;

/** What a round came to. */
export interface RoundResult {
  readonly batches: number;
  readonly lateMs: readonly number[];
  readonly violations: readonly string[];
  /** What the processes printed. */
  readonly lines: readonly string[];
}

/** One fault in a world at work, and what is then to be said of it. */
export async function runRound(world: World, fault: Fault, seed: number): Promise<RoundResult> {
  const random = new Random(seed);
  await world.heal();
  const [watch, probe] = [new RedisWatch(world), new SessionProbe(world.postgres.url)];
  const failures: string[] = [];
  const disturbance = fault
    .run(world, random.fork('fault'))
    .catch((error: unknown) => failures.push(`the fault could not be run: ${(error as Error).message}`));
  await runWorkload(world.client, random.fork('workload'), disturbance);
  await world.heal();
  const settled = await settle(world, fault);
  await Promise.all([watch.stop(), probe.stop()]);
  const mayRefuse = fault.mayRefuse === true || probe.slowestMs > OVERLOADED_MS;
  const evidence = { ...(await collect(world, fault, settled, watch.seen)), mayRefuse };
  const lateMs = evidence.ledgers.flatMap(({ id, starts }) =>
    starts.flatMap(({ lateMs: late }) => (late === null || world.backdated.has(id) ? [] : late)),
  );
  world.outages = [];
  world.backdated = new Map();
  const lines = evidence.processes.flatMap((process) => process.lines.map((line) => `${process.name} ${line}`));
  return { batches: evidence.batches.length, lateMs, violations: [...failures, ...violationsOf(evidence)], lines };
}

type Settled = Pick<Evidence, 'scheduled' | 'delayed'>;

/**
 * Waits for everything due to have ended and for Redis to agree, but not beyond the bounds: the checker tells then.
 *
 * @returns what was seen last of either side. A later look could meet a worker that takes a timer away to set it again.
 */
async function settle(world: World, { boundMs }: Fault): Promise<Settled> {
  const reader = new LedgerReader(world.postgres);
  let seen: Settled = { scheduled: [], delayed: new Map() };
  await eventually(async () => {
    const soon = (await reader.scheduled()).filter(({ startsAt }) => startsAt < Date.now() + SOON_MS);
    if (soon.length > 0) throw new Error(`${soon.length} batches have not ended`);
  }, boundMs + SETTLE_MS).catch(() => undefined);
  await eventually(async () => {
    const [scheduled, delayed] = [await reader.scheduled(), await listDelayed(world)];
    seen = { scheduled, delayed };
    const agree = scheduled.every(({ id, revision }) => delayed.has(`${id}.r${revision}`));
    if (!agree || scheduled.length !== delayed.size) throw new Error('Redis does not agree');
  }, QUIESCENCE_MS).catch(() => undefined);
  return seen;
}

async function collect(
  world: World,
  fault: Fault,
  settled: Settled,
  ahead: readonly string[],
): Promise<Omit<Evidence, 'mayRefuse'>> {
  const reader = new LedgerReader(world.postgres);
  const batches = world.client.take();
  return {
    takenAt: Date.now(),
    batches,
    ledgers: await reader.of(batches.map(({ name }) => name)),
    outages: world.outages,
    boundMs: fault.boundMs,
    maxLateMs: MAX_LATE_MS,
    backdated: world.backdated,
    ...settled,
    ahead,
    processes: world.processes.map((process) => process.take()),
    canaries: [...CANARIES, world.key],
  };
}

/** Ids and firing times. */
async function listDelayed(world: World): Promise<Map<string, number>> {
  return firingTimesOf(await world.redis.ask((redis) => redis.zrange(world.queueKey('delayed'), 0, -1, 'WITHSCORES')));
}
