import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { eventually } from '../support/eventually.js';
import { JobRows } from '../support/job-rows.js';
import { freePort, Program } from '../support/programs.js';
import { TestDatabase } from '../support/test-database.js';

let testDatabase: TestDatabase;
const running: Program[] = [];
beforeAll(async () => {
  testDatabase = await TestDatabase.create();
});
afterAll(async () => {
  await Promise.all(running.map((program) => program.end('SIGKILL')));
  await testDatabase.drop();
});

function aWorker(metricsPort: string): Program {
  const program = Program.run('dist/src/worker.js', [], {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: process.env.TEST_REDIS_URL ?? '',
    REDIS_KEY_PREFIX: `{test-${randomUUID()}}`,
    API_KEY_PEPPER: 'a pepper that is only good for tests',
    METRICS_PORT: metricsPort,
    DIALER: 'simulated',
  });
  running.push(program);
  return program;
}

describe('METRICS_PORT', () => {
  it('is where a worker serves its metrics and nothing else, and does not keep it from ending', async () => {
    const port = await freePort();
    const worker = aWorker(String(port));
    const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method });
    await eventually(() => ask('/metrics'), 20_000);
    const database = await testDatabase.connect();
    await new JobRows(database).add({ startsInMs: -61 * 60_000 });
    await database.destroy();

    await eventually(async () => {
      const answer = await ask('/metrics');
      expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const text = await answer.text();
      expect(text).toMatch(/^batch_jobs_missed_starts_total 1$/m);
      expect(text).toMatch(/^batch_jobs_starts_total\{trigger="timer"\} 0$/m);
      expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    }, 90_000);
    for (const path of ['/', '/health', '/metrics/', '/batch/jobs']) expect((await ask(path)).status).toBe(404);
    expect((await ask('/metrics', 'POST')).status).toBe(404);

    // `fetch` keeps its connection.
    expect(await worker.end('SIGTERM')).toBe(0);
  });

  it('that is taken keeps a worker from starting, and it says so', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };

    const worker = aWorker(String(port));

    expect(await worker.exited).toBe(1);
    expect(worker.output).toContain(`Port ${port} is taken by another program.`);
    expect(worker.output).toContain('METRICS_PORT');
    other.close();
  });
});
