import { once } from 'node:events';
import { Pool } from 'undici';
import type { LoadPlan, LoadResult } from './load-plan.js';

/* The process that loads a server: told what to do by its parent, ended when it has told what came of it. */

const [plan] = (await once(process, 'message')) as [LoadPlan];
const { method, paths, key, connections, body: sent, isEachOnce = false } = plan;
const pool = new Pool(plan.url, { connections, pipelining: 1 });
const headers = {
  authorization: `Bearer ${key}`,
  ...(sent !== undefined && { 'content-type': 'application/json' }),
};

let next = 0;
let failures = 0;
let firstFailure: string | null = null;
let latenciesMs: number[] = [];

async function request(): Promise<void> {
  const path = paths[next % paths.length];
  next += 1;
  const begun = performance.now();
  try {
    const { statusCode, body } = await pool.request({ method, path, headers, body: sent });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${method} ${path}: ${statusCode} ${text}`);
    latenciesMs.push(performance.now() - begun);
  } catch (error) {
    failures += 1;
    firstFailure ??= (error as Error).message;
  }
}

/** Every connection asks again as soon as it is answered. */
async function loadFor(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  const isOver = () => performance.now() >= end || failures > 0 || (isEachOnce && next >= paths.length);
  const ask = async (): Promise<void> => {
    while (!isOver()) await request();
  };
  await Promise.all(Array.from({ length: connections }, ask));
}

const tell = (message: unknown) => new Promise((resolve) => process.send?.(message, resolve));

await loadFor(plan.warmUpSeconds);
latenciesMs = [];
await tell('warm');
const begun = performance.now();
const cpuBefore = process.cpuUsage();
await loadFor(plan.seconds);
const { user, system } = process.cpuUsage(cpuBefore);
await tell({
  requests: latenciesMs.length,
  failures,
  firstFailure,
  seconds: (performance.now() - begun) / 1_000,
  latenciesMs,
  generatorCpuSeconds: (user + system) / 1_000_000,
} satisfies LoadResult);
await pool.close();
process.disconnect();
