import { bench } from './bench.js';
import { startCpuMeter } from './cpu.js';
import type { LoadPlan } from './load-plan.js';
import { load } from './load.js';
import { numberText, percentile } from './report.js';
import { addContacts, armAll, batchId, insertScheduled, OVER_A_YEAR } from './schedules.js';
import { PHONE_NUMBER, withService } from './service.js';

type Request = Pick<LoadPlan, 'method' | 'paths' | 'body' | 'isEachOnce'>;

/** One batch of one contact. */
const CREATED = JSON.stringify({
  name: 'Bench',
  fromPhoneNumberId: PHONE_NUMBER,
  concurrentCallLimit: 5,
  contacts: [{ phone: '+12125550100', name: 'Person', appointment: 'Tuesday at nine' }],
});

/** The nth to the mth batch. */
const some = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => batchId(from + at));

/** What is asked, of so many scheduled batches of which a third is started and a third cancelled. */
const requestsOf = (batches: number): Readonly<Record<string, Request>> => {
  const third = Math.floor(batches / 3);
  const verb = (name: string, ids: readonly string[]): Request => ({
    method: 'POST',
    paths: ids.map((id) => `/batch/jobs/${id}/${name}`),
    isEachOnce: true,
  });
  return {
    create: { method: 'POST', paths: ['/batch/create'], body: CREATED },
    start: verb('start', some(1, third)),
    cancel: verb('cancel', some(third + 1, 2 * third)),
    detail: { method: 'GET', paths: some(2 * third + 1, batches).map((id) => `/batch/jobs/${id}`) },
    list: { method: 'GET', paths: ['/batch/jobs?pageSize=20'] },
  };
};

export const operations = bench({
  about: 'creates, starts, cancels, details and lists a second, and CPU seconds for 1,000 of them',
  options: { batches: 45_000, connections: 32, seconds: 5 },
  inAll: { batches: 15_000, seconds: 2 },
  run: ({ batches, connections, seconds }) =>
    withService(async ({ key, start }, { database, redisUrl, postgresPid, redisPid }) => {
      await insertScheduled(database, [1, batches], OVER_A_YEAR);
      await addContacts(database);
      await armAll(database, redisUrl);
      const { url, pid } = await start('api');
      const pids = { api: pid, postgres: postgresPid, redis: redisPid };
      const figures: Record<string, Record<string, number>> = {};
      for (const [name, request] of Object.entries(requestsOf(batches))) {
        let readCpu = startCpuMeter(pids);
        const plan = { url, key, connections, warmUpSeconds: 1, seconds, ...request };
        const result = await load(plan, () => (readCpu = startCpuMeter(pids)));
        const { api, postgres, redis } = readCpu();
        const perThousand = (cpuSeconds: number) => (cpuSeconds / result.requests) * 1_000;
        figures[name] = {
          requestsPerSecond: result.requests / result.seconds,
          p50Ms: percentile(result.latenciesMs, 0.5),
          p99Ms: percentile(result.latenciesMs, 0.99),
          apiCpu: perThousand(api),
          postgresCpu: perThousand(postgres),
          redisCpu: perThousand(redis),
        };
      }
      return {
        tables: [
          {
            columns: ['operation', 'requests/s', 'p50 ms', 'p99 ms', 'CPU s of API', 'of PostgreSQL', 'of Redis'],
            rows: Object.entries(figures).map(([name, each]) => [
              name,
              numberText(each.requestsPerSecond),
              ...[each.p50Ms, each.p99Ms].map((ms) => numberText(ms, 1)),
              ...[each.apiCpu, each.postgresCpu, each.redisCpu].map((cpu) => numberText(cpu, 2)),
            ]),
          },
        ],
        notes: [
          `${numberText(batches)} scheduled batches, ${connections} connections, no worker. CPU is for 1,000 requests. A created batch has one contact, and no start.`,
        ],
        figures,
      };
    }),
});
