import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/*
 * What processes cost, as Linux counts it in /proc. Nothing a program says of itself: the same scale for Node.js,
 * PostgreSQL and Redis.
 */

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Of /proc/<pid>/stat. */
interface Stat {
  readonly parentPid: number;
  /** Of the process and of its children that have ended and were waited for, in user and kernel mode. */
  readonly cpuSeconds: number;
}

/** Null: it has ended. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the program's name, may hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return { parentPid: Number(fields[1]), cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return null;
  }
}

/** CPU seconds of a process and all that descend from it, such as PostgreSQL's sessions, ended ones included. */
function cpuSecondsOf(pid: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name));
      return stat ? [{ pid: Number(name), ...stat }] : [];
    });
  const sum = (of: number): number =>
    stats.filter(({ parentPid }) => parentPid === of).reduce((total, child) => total + sum(child.pid), 0) +
    (stats.find((stat) => stat.pid === of)?.cpuSeconds ?? 0);
  return sum(pid);
}

/** Starts to count. @returns CPU seconds of each process since then */
export function startCpuMeter<Name extends string>(pids: Readonly<Record<Name, number>>): () => Record<Name, number> {
  const read = () => Object.entries<number>(pids).map(([name, pid]) => [name, cpuSecondsOf(pid)] as const);
  const before = new Map(read());
  return () =>
    Object.fromEntries(read().map(([name, now]) => [name, now - (before.get(name) ?? 0)])) as Record<Name, number>;
}

/** Resident memory in bytes. @throws when the process has ended */
export function memoryBytesOf(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error(`Process ${pid} has ended.`);
  return Number(found[1]) * 1024;
}
