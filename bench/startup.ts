import { setTimeout as wait } from 'node:timers/promises';
import { bench } from './bench.js';
import { memoryBytesOf } from './cpu.js';
import { numberText, spreadOf, spreadText } from './report.js';
import { withService, type Role } from './service.js';

const ROLES: readonly Role[] = ['api', 'worker'];
const SETTLE_MS = 2_000;
const MEGABYTE = 1024 ** 2;

export const startup = bench({
  about: 'how long the API and a worker take to their first answer, and their memory at rest',
  options: { rounds: 5 },
  inAll: { rounds: 2 },
  run: ({ rounds }) =>
    withService(async ({ start }) => {
      const seen = { api: [], worker: [] } as Record<Role, { bootMs: number; memoryBytes: number }[]>;
      for (let round = 0; round < rounds; round += 1) {
        for (const role of ROLES) {
          const { bootMs, pid, stop } = await start(role);
          await wait(SETTLE_MS);
          seen[role].push({ bootMs, memoryBytes: memoryBytesOf(pid) });
          await stop();
        }
      }
      return {
        tables: [
          {
            columns: ['role', 'first answer after ms', `MB resident ${numberText(SETTLE_MS / 1_000)} s later`],
            rows: ROLES.map((role) => [
              role,
              spreadText(spreadOf(seen[role].map(({ bootMs }) => bootMs)), 0),
              spreadText(spreadOf(seen[role].map(({ memoryBytes }) => memoryBytes / MEGABYTE)), 0),
            ]),
          },
        ],
        figures: seen,
      };
    }),
});
