import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadMessage, LoadPlan, LoadResult } from './load-plan.js';

const GENERATOR = fileURLToPath(new URL('load-generator.js', import.meta.url));

/**
 * Loads a server from a process of its own, so that neither measures the other's work.
 *
 * @param onWarm is called when measuring begins: start to count here
 * @throws when a request fails: a figure of refusals would mean nothing
 */
export function load(plan: LoadPlan, onWarm: () => void): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const generator = fork(GENERATOR, { stdio: 'inherit' });
    let result: LoadResult | undefined;
    generator.on('message', (message: LoadMessage) => {
      if (message === 'warm') onWarm();
      else result = message;
    });
    generator.once('error', reject);
    generator.once('exit', (code) => {
      if (!result) reject(new Error(`The load generator ended with ${code}.`));
      else if (result.firstFailure !== null) reject(new Error(`${result.failures} failures: ${result.firstFailure}`));
      else resolve(result);
    });
    generator.send(plan);
  });
}
