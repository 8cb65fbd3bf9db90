import { DataSource } from 'typeorm';
import { Client } from 'pg';
import { BatchJobChanges } from '../../src/batch-jobs/batch-job.changes.js';
import { ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Database } from '../../src/shared/database.js';
import { Idempotency } from '../../src/shared/idempotency.js';
import { eventually } from './eventually.js';
import { JobRows } from './job-rows.js';
import { TestDatabase } from './test-database.js';

/** The start protocol's statements on a database of its own, without queue or HTTP. */
export class ScheduleDatabase {
  private constructor(
    readonly schedules: ScheduleRepository,
    readonly rows: JobRows,
    readonly source: DataSource,
    private readonly testDatabase: TestDatabase,
  ) {}

  static async create(): Promise<ScheduleDatabase> {
    const testDatabase = await TestDatabase.create();
    const source = await new DataSource(dataSourceOptions(testDatabase.url, 10)).initialize();
    const rows = new JobRows(source);
    const database = new Database(source);
    const schedules = new ScheduleRepository(database, new BatchJobChanges(new Idempotency(database), database));
    return new ScheduleDatabase(schedules, rows, source, testDatabase);
  }

  /** A session beside those of the product. */
  async session(): Promise<Client> {
    const client = new Client(this.testDatabase.url);
    await client.connect();
    return client;
  }

  /** Resolves when so many sessions wait for a lock of this database. */
  async untilWaiting(sessions: number): Promise<void> {
    await eventually(async () => {
      const [{ waiting }] = await this.source.query<[{ waiting: number }]>(
        `select count(*)::integer as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (waiting !== sessions) throw new Error(`${waiting} of ${sessions} sessions wait`);
    });
  }

  async drop(): Promise<void> {
    await this.source.destroy();
    await this.testDatabase.drop();
  }
}
