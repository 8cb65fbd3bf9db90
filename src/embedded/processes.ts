import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A process that a later one with the same number is not taken for: numbers are reused, above all in containers. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly born: string;
}

/** @returns null when no such process runs; a zombie, which nobody may ever reap in a container, does not run */
export function identify(pid: number): ProcessIdentity | null {
  const born = process.platform === 'linux' ? startTick(pid) : startDate(pid);
  return born === null ? null : { pid, born };
}

export function isRunning({ pid, born }: ProcessIdentity): boolean {
  return identify(pid)?.born === born;
}

/** Field 22 of `/proc/<pid>/stat`. Field 2 is the program's name, which may hold blanks and brackets itself. */
function startTick(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : fields[18];
  } catch {
    return null;
  }
}

function startDate(pid: number): string | null {
  // Of one process the same words to everyone who asks.
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env }).trim() || null;
  } catch {
    return null;
  }
}

/** Asks until the answer is yes. @returns false when the patience ends first */
export async function until(check: () => boolean | Promise<boolean>, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (!(await check())) {
    if (performance.now() > deadline) return false;
    await pause(25);
  }
  return true;
}

// A fast shutdown of PostgreSQL writes a checkpoint, Redis its last second of commands: seconds on a slow disk.
const STOP_PATIENCE_MS = 15_000;

/** Ends a process in good order, and by force when it does not listen. */
export async function end(server: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  if (!send(server, signal)) return;
  if (await until(() => !isRunning(server), STOP_PATIENCE_MS)) return;
  send(server, 'SIGKILL');
  await until(() => !isRunning(server), STOP_PATIENCE_MS);
}

function send(server: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isRunning(server) && process.kill(server.pid, signal);
}
