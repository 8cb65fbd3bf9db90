import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { identify, isRunning, type ProcessIdentity } from './processes.js';

/** What one start of a server leaves for the next: the port to keep, and the process to end if its parent was killed. */
export interface ServerState extends ProcessIdentity {
  readonly port: number;
}

/**
 * The folder that the embedded servers keep everything in, held by one process at a time.
 *
 *     lock            who holds it
 *     password        of both servers, made once
 *     postgres/       the cluster, or a link to it      postgres.json  its port and process      postgres.log
 *     redis/          the append-only file              redis.json                               redis.log
 */
export class DataFolder {
  private constructor(
    readonly path: string,
    readonly password: string,
  ) {}

  /**
   * Makes the folder if need be and takes its lock. The lock of a process that was killed is taken over.
   * @throws when another process holds it, with that process's number
   */
  static open(path: string): DataFolder {
    const folder = resolve(path);
    mkdirSync(folder, { recursive: true });
    // Started by root, PostgreSQL runs as another user: it must get through the folder, though it need not list it.
    if (process.getuid?.() === 0) chmodSync(folder, 0o711);
    lock(folder);
    return new DataFolder(folder, passwordOf(folder));
  }

  /** Whether a process held the folder and was killed: one that nobody held yet may be about to be. */
  static wasAbandoned(path: string): boolean {
    const holder = read<ProcessIdentity>(lockFile(path));
    return holder !== null && !isRunning(holder);
  }

  close(): void {
    rmSync(lockFile(this.path), { force: true });
  }

  file(name: string): string {
    return join(this.path, name);
  }

  stateOf(server: string): ServerState | null {
    return read<ServerState>(this.file(`${server}.json`));
  }

  remember(server: string, state: ServerState): void {
    writeFileSync(this.file(`${server}.json`), JSON.stringify(state), { mode: 0o600 });
  }
}

const lockFile = (folder: string) => join(folder, 'lock');

/** A link appears with its content and only where nothing is, so that no reader meets half a lock. */
function lock(folder: string): void {
  const mine = join(folder, `lock.${process.pid}`);
  writeFileSync(mine, JSON.stringify(identify(process.pid)));
  try {
    for (;;) {
      try {
        linkSync(mine, lockFile(folder));
        return;
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
        removeStaleLock(folder);
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** @throws when the lock's owner is alive */
function removeStaleLock(folder: string): void {
  refuseIfHeld(folder);
  // Another process may be taking over too, and its fresh lock be there by now: look again at what was moved away.
  const moved = join(folder, `lock.stale.${process.pid}`);
  try {
    renameSync(lockFile(folder), moved);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const holder = read<ProcessIdentity>(moved);
  if (holder && isRunning(holder)) renameSync(moved, lockFile(folder));
  else rmSync(moved);
  refuseIfHeld(folder);
}

function refuseIfHeld(folder: string): void {
  const holder = read<ProcessIdentity>(lockFile(folder));
  if (holder && isRunning(holder))
    throw new Error(`The service is already running here as process ${holder.pid} (data folder ${folder}).`);
}

function passwordOf(folder: string): string {
  const file = join(folder, 'password');
  try {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

/** @returns null for a file that is missing or broken off: what it said is lost, and nothing rests on it */
function read<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return null;
  }
}

const hasCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
