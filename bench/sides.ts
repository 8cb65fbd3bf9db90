import { fileURLToPath } from 'node:url';
import { batchId, armAll, countMismatches, insertScheduled, OVER_A_YEAR } from './schedules.js';
import { prepareService, type Service } from './service.js';
import type { Program, Servers } from './servers.js';

/** One of those compared: ours or a peer. Its batches and timers stay from round to round. */
export interface Side {
  readonly name: string;
  readonly key: string;
  /** The id of the nth batch, from 1 on. */
  id(at: number): string;
  /** Starts its programs; the first is the API. */
  start(): Promise<{ readonly api: Program; readonly worker: Program | null }>;
  /** @returns how many rows and timers do not agree */
  mismatches(): Promise<number>;
}

/** The peers of `peers/`, and whether they have a worker. */
const PEERS = { tutorial: true, bullmq: true, graphile: true, floor: false };
export const SIDES = ['ours', ...Object.keys(PEERS)];

/** Makes ready so many scheduled batches of a side. */
export const prepareSide = (name: string, servers: Servers, batches: number): Promise<Side> =>
  name === 'ours' ? prepareOurs(servers, batches) : preparePeer(name as keyof typeof PEERS, servers, batches);

async function prepareOurs(servers: Servers, batches: number): Promise<Side> {
  const service = await prepareService(servers);
  await insertScheduled(servers.database, [1, batches], OVER_A_YEAR);
  await armAll(servers.database, servers.redisUrl);
  return oursOf(service, servers);
}

/** Ours with the batches that are there. */
export function oursOf(service: Service, servers: Servers): Side {
  return {
    name: 'ours',
    key: service.key,
    id: batchId,
    start: async () => ({ worker: await service.start('worker'), api: await service.start('api') }),
    mismatches: () => countMismatches(servers.database, servers.redisUrl),
  };
}

async function preparePeer(name: keyof typeof PEERS, servers: Servers, batches: number): Promise<Side> {
  const place = Object.keys(PEERS).indexOf(name) + 1;
  await servers.database.query(`create database ${name}`);
  const environment = {
    ...process.env,
    NODE_ENV: 'production',
    DATABASE_URL: new URL(name, servers.databaseUrl).href,
    REDIS_URL: `${servers.redisUrl}/${place}`,
  };
  const program = fileURLToPath(new URL(`peers/${name}.js`, import.meta.url));
  await servers.runToEnd([program, 'seed', String(batches)], environment);
  const start = (role: string) => servers.start([program, role], environment, '/health');
  return {
    name,
    key: 'none',
    id: String,
    start: async () => ({ worker: PEERS[name] ? await start('worker') : null, api: await start('api') }),
    mismatches: async () => Number(await servers.runToEnd([program, 'verify'], environment)),
  };
}
