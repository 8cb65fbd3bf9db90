import { createServer } from 'node:http';
import { fromZonedTime } from 'date-fns-tz';

/*
 * What the peers have in common beside their queue: addresses, roles, the request. Each peer is one file that says how a
 * batch is moved, written as the documentation of its queue says.
 */

/** Something that moves batches, as programs: `node <peer>.js api`, `worker`, `seed <count>`, `verify`. */
export interface Peer {
  /** Makes the tables, and batches `1` to `count` that start within the next year, each with its timer. */
  seed(count: number): Promise<void>;
  /** Serves PATCH /batch/jobs/{id}/reschedule until it is ended. */
  api(port: number): Promise<unknown>;
  /** Starts batches that are due until it is ended. */
  worker?(): Promise<unknown>;
  /** @returns how many batches have no timer, or one that differs from their row by more than a second */
  mismatches(): Promise<number>;
}

/** Of the row and its timer; Bull and BullMQ are told a delay, which is counted from another millisecond. */
const TOLERANCE_MS = 1_000;
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;

const variable = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
};

export const databaseUrl = variable('DATABASE_URL');
export const redisUrl = variable('REDIS_URL');

export interface Batch {
  readonly id: string;
  readonly startsAt: Date;
}

/** Batches over a year, each at a time of its own. */
export const batches = (count: number): Batch[] =>
  Array.from({ length: count }, (_, at) => ({
    id: String(at + 1),
    startsAt: new Date(Date.now() + 3_600_000 + Math.floor((at / count) * YEAR_MS)),
  }));

export const TABLE = `
  create table batches (id text primary key, status text not null, starts_at timestamptz(3) not null);
  create index on batches (starts_at) where status = 'scheduled'`;

/** Takes both arrays as parameters: ids, and instants. */
export const INSERT = `insert into batches select id, 'scheduled', at from unnest($1::text[], $2::timestamptz[]) as new (id, at)`;
export const insertParameters = (of: readonly Batch[]) => [of.map(({ id }) => id), of.map(({ startsAt }) => startsAt)];

/** @param firingMs when each timer fires, in milliseconds since 1970, by the id of its batch */
export const countMismatches = (rows: readonly Batch[], firingMs: ReadonlyMap<string, number>): number =>
  rows.filter(({ id, startsAt }) => !(Math.abs((firingMs.get(id) ?? Infinity) - startsAt.getTime()) <= TOLERANCE_MS))
    .length + Math.max(0, firingMs.size - rows.length);

/** When each job fires. @param members of Bull's or BullMQ's delayed set, as `ZRANGE … WITHSCORES` gives them */
export function firingTimes(members: readonly string[]): Map<string, number> {
  const pairs = Array.from({ length: members.length / 2 }, (_, at) => members.slice(at * 2, at * 2 + 2));
  // Twelve bits below the milliseconds keep the order of equals.
  return new Map(pairs.map(([id, score]) => [id, Math.floor(Number(score) / 4_096)]));
}

/** Serves with Node's own HTTP. @param move tells whether the batch was there and scheduled */
export function listen(port: number, move: (batch: Batch) => Promise<boolean>): Promise<void> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    const url = new URL(request.url ?? '/', 'http://localhost');
    const id = /^\/batch\/jobs\/([^/]+)\/reschedule$/.exec(url.pathname)?.[1];
    if (url.pathname === '/health') return answer(200, {});
    if (request.method !== 'PATCH' || id === undefined) return answer(404, {});
    const startsAt = fromZonedTime(
      url.searchParams.get('scheduledStartTime') ?? '',
      url.searchParams.get('timezone') ?? 'UTC',
    );
    if (Number.isNaN(startsAt.getTime())) return answer(400, { success: false });
    return move({ id, startsAt }).then(
      (success) => answer(success ? 200 : 400, { success, batchJobId: id, scheduledStartTime: startsAt }),
      (error: Error) => answer(500, { success: false, detail: error.message }),
    );
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}

/** Runs the role that the command line names. */
export async function run(peer: Peer): Promise<void> {
  const [role, count] = process.argv.slice(2);
  if (role === 'api') await peer.api(Number(variable('PORT')));
  if (role === 'worker') {
    await peer.worker?.();
    // For those who wait until it is up.
    createServer((_, response) => response.end()).listen(Number(variable('PORT')), '127.0.0.1');
  }
  if (role === 'seed') await peer.seed(Number(count));
  if (role === 'verify') process.stdout.write(`${await peer.mismatches()}\n`);
  if (role === 'seed' || role === 'verify') process.exit(0);
}
