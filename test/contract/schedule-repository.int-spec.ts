import type { Client } from 'pg';
import { ScheduleDatabase } from '../support/schedule-database.js';
import { describeSchedules, type Schedules } from './schedule.contract.js';

async function open(): Promise<Schedules> {
  const database = await ScheduleDatabase.create();
  const session: Client = await database.session();
  return {
    schedules: database.schedules,
    add: async ({ maxLateStartMinutes = null, ...row }) => {
      const id = await database.rows.add(row);
      const values = [id, maxLateStartMinutes];
      if (maxLateStartMinutes !== null) {
        await session.query('update batch_jobs set max_late_start_minutes = $2 where id = $1', values);
      }
      return id;
    },
    find: async (id) => {
      const { status, revision, startsAt } = await database.rows.row(id);
      return { status, revision, startsAt };
    },
    countStarts: async (id) => (await database.rows.starts(id)).length,
    close: async () => {
      await session.end();
      await database.drop();
    },
  };
}

describeSchedules('PostgreSQL', open);
