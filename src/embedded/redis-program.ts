import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from './server-process.js';

/** A `redis-server` or `valkey-server` that runs here. */
export interface RedisProgram {
  readonly file: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface RedisSearch {
  readonly toolsDir: string;
  readonly log: Log;
}

/** One way to come by a Redis. Null: not on this machine. May throw: it was tried, and failed. */
type RedisSource = (search: RedisSearch) => Promise<RedisProgram | null>;

const run = promisify(execFile);
// Package lists and packages over a slow line; the compiler of the last resort takes a minute or two.
const FETCH_PATIENCE_MS = 300_000;

const SOURCES: readonly RedisSource[] = [
  () => redisOnPath(),
  fetchedBefore,
  fetchWithApt,
  installWithPackageManager,
  buildWithRedisMemoryServer,
];

/**
 * Looks on the PATH, then to the system's package manager, then to the npm package `redis-memory-server`.
 * @throws one sentence that says what to install or to set
 */
export async function findRedis(asked: RedisSearch, sources = SOURCES): Promise<RedisProgram> {
  // The program is started from another working directory than it is looked for.
  const search = { ...asked, toolsDir: resolve(asked.toolsDir) };
  for (const source of sources) {
    const program = await source(search).catch((error: Error) => {
      search.log(`That did not work: ${reason(error)}`);
      return null;
    });
    if (program) return program;
  }
  throw new Error(
    'No Redis: there is none on the PATH and none could be fetched; install "redis-server" (or "valkey-server") with the package manager of this system, or set REDIS_URL to a Redis that runs elsewhere.',
  );
}

/** The last line that says something, of a tool's own words rather than of the command that was run. */
function reason(error: Error): string {
  const said = ('stderr' in error && String(error.stderr).trim()) || error.message.trim();
  return said.split('\n').at(-1) ?? said;
}

/** @param path to look on instead of the PATH of this process */
export async function redisOnPath(path?: string): Promise<RedisProgram | null> {
  const file = await firstCommand(['redis-server', 'valkey-server'], path);
  return file ? { file } : null;
}

async function firstCommand(names: readonly string[], path?: string): Promise<string | null> {
  const script = 'for name; do command -v "$name" && exit; done; exit 1';
  const env = path === undefined ? {} : { env: { PATH: path } };
  const found = await run('/bin/sh', ['-c', script, 'sh', ...names], env).catch(() => null);
  return found?.stdout.trim() || null;
}

async function fetchedBefore({ toolsDir }: RedisSearch): Promise<RedisProgram | null> {
  const unpacked = join(toolsDir, 'redis');
  return existsSync(unpacked) ? unpackedProgram(unpacked) : null;
}

/** @throws when it does not run: made for another system, or a library of the system is gone */
async function unpackedProgram(root: string): Promise<RedisProgram> {
  const libraries = ['usr/lib', 'lib'].flatMap((folder) => {
    const path = join(root, folder);
    return existsSync(path) ? [path, ...readdirSync(path).map((name) => join(path, name))] : [];
  });
  const program = { file: join(root, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraries.join(':') } };
  await run(program.file, ['--version'], { env: program.env });
  return program;
}

/**
 * Fetches the packages of Debian or Ubuntu and unpacks them in our folder, signatures checked by apt. Nothing is
 * installed: it needs no root, and no Redis service of the system is started on port 6379.
 */
async function fetchWithApt({ toolsDir, log }: RedisSearch): Promise<RedisProgram | null> {
  if (!(await firstCommand(['apt-get'])) || !(await firstCommand(['dpkg-deb']))) return null;
  log('There is no Redis on the PATH: fetching it with apt-get into the data folder; the system is left as it is …');
  mkdirSync(toolsDir, { recursive: true });
  const work = mkdtempSync(join(toolsDir, 'redis-fetch-'));
  try {
    const packages = await download(work);
    const root = join(work, 'root');
    for (const file of packages) await run('dpkg-deb', ['--extract', file, root]);
    await unpackedProgram(root);
    const place = join(toolsDir, 'redis');
    rmSync(place, { recursive: true, force: true });
    renameSync(root, place);
    return await unpackedProgram(place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(work: string): Promise<string[]> {
  const [lists, archives] = [join(work, 'lists'), join(work, 'cache', 'archives')];
  for (const folder of [lists, archives]) mkdirSync(join(folder, 'partial'), { recursive: true });
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${join(work, 'cache')}`,
    // apt's own user cannot reach a folder below /root.
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=20',
  ].flatMap((option) => ['-o', option]);
  const settings = { timeout: FETCH_PATIENCE_MS, maxBuffer: 2 ** 24 };
  await run('apt-get', [...options, '--quiet', 'update'], settings);
  const install = ['--quiet', '--yes', '--no-install-recommends', '--download-only', 'install', 'redis-server'];
  await run('apt-get', [...options, ...install], settings);
  return readdirSync(archives)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

/** These install for the whole system, and start no service. */
const PACKAGE_MANAGERS = [
  { command: 'dnf', install: ['install', '--assumeyes', 'redis'], asRoot: true },
  { command: 'apk', install: ['add', '--no-cache', 'redis'], asRoot: true },
  { command: 'brew', install: ['install', 'redis'], asRoot: false },
] as const;

async function installWithPackageManager({ log }: RedisSearch): Promise<RedisProgram | null> {
  for (const { command, install, asRoot } of PACKAGE_MANAGERS) {
    if (!(await firstCommand([command]))) continue;
    const prefix = asRoot && process.getuid?.() !== 0 ? ['sudo', '-n'] : [];
    const [file, ...args] = [...prefix, command, ...install];
    log(`There is no Redis on the PATH: installing it with "${[file, ...args].join(' ')}" …`);
    await run(file, args, { timeout: FETCH_PATIENCE_MS, maxBuffer: 2 ** 24 });
    return redisOnPath();
  }
  return null;
}

/** In a process of its own: the package hooks the signals of its process and blocks it while the compiler runs. */
async function buildWithRedisMemoryServer({ toolsDir, log }: RedisSearch): Promise<RedisProgram | null> {
  let library: string;
  try {
    library = createRequire(import.meta.url).resolve('redis-memory-server');
  } catch {
    return null;
  }
  log('Building Redis from source with redis-memory-server; this takes some minutes …');
  const script = `const { RedisBinary } = require(process.argv[1]);
    RedisBinary.getPath({ downloadDir: process.argv[2] }).then(
      (file) => console.log('file=' + file), (error) => { console.error(error.message); process.exitCode = 1; });`;
  const { stdout } = await run(process.execPath, ['-e', script, library, join(toolsDir, 'redis-build')], {
    timeout: FETCH_PATIENCE_MS,
    maxBuffer: 2 ** 24,
  });
  const file = /^file=(.+)$/m.exec(stdout)?.[1];
  return file ? { file } : null;
}
