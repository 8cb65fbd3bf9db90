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
 *     postgres/       the cluster, or a link to it      postgres.pid   its process and port      postgres.log
 *     redis/          the append-only file              redis.pid                                redis.log
 */
export class DataFolder {
  private constructor(
    readonly path: string,
    readonly password: string,
    /** Whether the password was made just now, and opens no data that are there already. */
    readonly isPasswordNew: boolean,
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
    const isPasswordNew = makePassword(folder);
    return new DataFolder(folder, readFileSync(passwordFile(folder), 'utf8').trim(), isPasswordNew);
  }

  /** Whether a process held the folder and was killed: one that nobody held yet may be about to be. */
  static wasAbandoned(path: string): boolean {
    const holder = read(lockFile(path));
    return holder !== null && !isRunning(holder);
  }

  close(): void {
    rmSync(lockFile(this.path), { force: true });
  }

  file(name: string): string {
    return join(this.path, name);
  }

  stateOf(server: string): ServerState | null {
    return read(this.file(`${server}.pid`));
  }

  remember(server: string, state: ServerState): void {
    write(this.file(`${server}.pid`), state, state.port);
  }
}

const lockFile = (folder: string) => join(folder, 'lock');
const passwordFile = (folder: string) => join(folder, 'password');

/** A link appears with its content and only where nothing is, so that no reader meets half a lock. */
function lock(folder: string): void {
  const mine = join(folder, `lock.${process.pid}`);
  write(mine, identify(process.pid) ?? { pid: process.pid, born: '' });
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
  const holder = read(moved);
  if (holder && isRunning(holder)) renameSync(moved, lockFile(folder));
  else rmSync(moved);
  refuseIfHeld(folder);
}

function refuseIfHeld(folder: string): void {
  const holder = read(lockFile(folder));
  if (holder && isRunning(holder))
    throw new Error(`The service is already running here as process ${holder.pid} (data folder ${folder}).`);
}

/** @returns false when there is one */
function makePassword(folder: string): boolean {
  try {
    writeFileSync(passwordFile(folder), randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Written in lines. @returns null for a file that is missing; one broken off names no process that runs */
function read(file: string): ServerState | null {
  try {
    const [pid, born = '', port] = readFileSync(file, 'utf8').split('\n');
    return { pid: Number(pid), born, port: Number(port ?? 0) };
  } catch {
    return null;
  }
}

function write(file: string, { pid, born }: ProcessIdentity, port = 0): void {
  writeFileSync(file, [pid, born, port].join('\n'), { mode: 0o600 });
}

const hasCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
