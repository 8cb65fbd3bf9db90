import { ulid } from 'ulid';
import { describeSchedules, type Schedules } from '../contract/schedule.contract.js';
import { InMemorySchedules } from './in-memory-schedules.js';
import { SimulatedDatabase } from './simulated-database.js';

async function open(): Promise<Schedules> {
  const database = new SimulatedDatabase(() => Date.now());
  const find = (id: string) => {
    const row = database.find(id);
    if (!row) throw new Error(`no job ${id}`);
    return row;
  };
  return {
    schedules: new InMemorySchedules(database, async (_what, effect) => effect()),
    add: async (row) => {
      const { status = 'scheduled', startsInMs = 60_000, organizationId = 'org_a', maxLateStartMinutes = null } = row;
      const { revision = startsInMs === null ? 0 : 1 } = row;
      const startsAtMs = startsInMs === null ? null : Date.now() + startsInMs;
      const id = `batch_${ulid()}`;
      const given = { id, organizationId, status, revision, startsAtMs, maxLateStartMinutes };
      database.write({ ...given, version: 1, startedAtMs: null });
      return id;
    },
    find: async (id) => {
      const { status, revision, startsAtMs } = find(id);
      return { status, revision, startsAt: startsAtMs === null ? null : new Date(startsAtMs) };
    },
    countStarts: async (id) => database.starts.filter((start) => start.id === id).length,
    close: async () => undefined,
  };
}

describeSchedules('the simulated database', open);
