import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from './server-process.js';

/** Whom PostgreSQL runs as. Empty: as ourselves. */
export type ServerUser = { uid: number; gid: number } | Record<string, never>;

const USER = 'postgres';
/** Where things go that the user above cannot reach in their own place, as below `/root`. */
const SHARED_FOLDER = '/var/lib/batch-jobs';

/** PostgreSQL refuses to run as root, so for root this is the system's `postgres` user, made when there is none. */
export async function postgresUser(log: Log): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {};
  const known = lookUp();
  if (known) return known;
  log(`PostgreSQL refuses to run as root: adding the system user "${USER}" to run it as.`);
  const made = await promisify(execFile)('useradd', ['--system', '--user-group', '--no-create-home', USER]).catch(
    () => null,
  );
  const user = made && lookUp();
  if (user) return user;
  throw new Error(
    `PostgreSQL refuses to run as root, and the user "${USER}" could not be added. Start the service as an ordinary user, or set DATABASE_URL.`,
  );
}

function lookUp(): { uid: number; gid: number } | null {
  try {
    return { uid: userId('-u'), gid: userId('-g') };
  } catch {
    return null;
  }
}

const userId = (which: '-u' | '-g'): number =>
  Number(execFileSync('id', [which, USER], { stdio: ['ignore', 'pipe', 'ignore'] }));

const canReach = (user: ServerUser, path: string): boolean =>
  spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', path], { ...user, cwd: '/' }).status === 0;

/** The folder of the programs, or a copy of it that the user can reach. */
export function reachablePrograms(folder: string, version: string, user: ServerUser, log: Log): string {
  if (canReach(user, join(folder, 'bin', 'postgres'))) return folder;
  const copy = join(SHARED_FOLDER, `postgresql-${version}`);
  if (!existsSync(copy)) {
    log(`The user "${USER}" cannot reach ${folder}: copying PostgreSQL to ${copy}.`);
    makeSharedFolder(copy);
    const unfinished = `${copy}.${process.pid}`;
    cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    // The rename fails when another start has just finished its copy, which serves as well.
    rename(unfinished, copy);
  }
  return copy;
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    rmSync(from, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}

/** The path itself, or one that stands for it in a place the user can reach. */
export function reachableData(path: string, user: ServerUser, log: Log): string {
  const folder = dirname(path);
  if (canReach(user, folder)) return path;
  const key = createHash('sha256').update(path).digest('hex').slice(0, 12);
  const standIn = join(SHARED_FOLDER, `${basename(path)}-${key}`);
  log(`The user "${USER}" cannot reach ${folder}: the data of PostgreSQL are in ${standIn}.`);
  makeSharedFolder(standIn);
  return standIn;
}

function makeSharedFolder(of: string): void {
  mkdirSync(dirname(of), { recursive: true });
  chmodSync(dirname(of), 0o755);
}
