import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { types as pgTypes } from 'pg';
import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import { ApiKey } from '../access/api-key.entity.js';
import { Organization } from '../access/organization.entity.js';
import { PhoneNumber } from '../access/phone-number.entity.js';
import { BatchJobCountChange } from '../batch-jobs/batch-job-count-change.entity.js';
import { BatchJobCount } from '../batch-jobs/batch-job-count.entity.js';
import { BatchJobHistory } from '../batch-jobs/batch-job-history.entity.js';
import { BatchJobHold } from '../batch-jobs/batch-job-hold.entity.js';
import { BatchJobStart } from '../batch-jobs/batch-job-start.entity.js';
import { BatchJob } from '../batch-jobs/batch-job.entity.js';
import { CallAttempt } from '../batch-jobs/call-attempt.entity.js';
import { ContactCount } from '../batch-jobs/contact-count.entity.js';
import { Contact } from '../batch-jobs/contact.entity.js';
import { StaleWakeUps } from '../batch-jobs/stale-wake-ups.entity.js';
import { parseExactly } from '../shared/exact-json.js';
import { IdempotencyKey } from '../shared/idempotency-key.entity.js';
import { WorkerHeartbeat } from '../shared/worker-heartbeat.entity.js';
import { WriteProbe } from '../shared/write-probe.entity.js';
import { CreateBatchJobs1795467600000 } from './migrations/1795467600000-create-batch-jobs.js';
import { KeepWhatHappened1795620600000 } from './migrations/1795620600000-keep-what-happened.js';
import { PlaceCalls1795633200000 } from './migrations/1795633200000-place-calls.js';
import { FindAndRetry1795710000000 } from './migrations/1795710000000-find-and-retry.js';
import { NameKeys1795720000000 } from './migrations/1795720000000-name-keys.js';
import { TellHealth1795730000000 } from './migrations/1795730000000-tell-health.js';
import { HoldBatches1795740000000 } from './migrations/1795740000000-hold-batches.js';
import { CountBatchJobs1795750000000 } from './migrations/1795750000000-count-batch-jobs.js';
import { ListBatchJobs1795760000000 } from './migrations/1795760000000-list-batch-jobs.js';
import { PruneLedgers1795770000000 } from './migrations/1795770000000-prune-ledgers.js';

const JSON_TYPE: number = pgTypes.builtins.JSON;

/** How what PostgreSQL sends is read: as ever, and numbers of contacts as they were uploaded. */
const types = {
  getTypeParser: (type: number, format?: 'text'): unknown =>
    type === JSON_TYPE ? (text: string) => parseExactly(text) : pgTypes.getTypeParser(type, format),
};

const TURN_ASKED_FOR_EVERY_MS = 100;

const ENTITIES = [
  ApiKey,
  BatchJob,
  BatchJobCount,
  BatchJobCountChange,
  BatchJobHistory,
  BatchJobHold,
  BatchJobStart,
  CallAttempt,
  Contact,
  ContactCount,
  IdempotencyKey,
  Organization,
  PhoneNumber,
  StaleWakeUps,
  WorkerHeartbeat,
  WriteProbe,
];

/** Oldest first. */
const MIGRATIONS = [
  CreateBatchJobs1795467600000,
  KeepWhatHappened1795620600000,
  PlaceCalls1795633200000,
  FindAndRetry1795710000000,
  NameKeys1795720000000,
  TellHealth1795730000000,
  HoldBatches1795740000000,
  CountBatchJobs1795750000000,
  ListBatchJobs1795760000000,
  PruneLedgers1795770000000,
];

/**
 * Everything TypeORM needs to know about our PostgreSQL.
 *
 * Sessions have limits (docs/architecture.md, “Connections”): a statement that takes longer than 5 s, a lock that is
 * not had within 2 s or a connection that is not free within 2 s becomes an error of that one request, never a process
 * that waits for ever.
 */
export const dataSourceOptions = (databaseUrl: string, poolSize: number): DataSourceOptions => ({
  type: 'postgres',
  url: databaseUrl,
  applicationName: 'batch-jobs',
  entities: [...ENTITIES],
  migrations: [...MIGRATIONS],
  migrationsTableName: 'batch_jobs_migrations',
  // One makes indexes without a transaction, as it must.
  migrationsTransactionMode: 'each',
  synchronize: false,
  poolSize,
  connectTimeoutMS: 2_000,
  poolErrorHandler: () => undefined, // an idle session that PostgreSQL ends is replaced; the next query reports an outage
  extra: {
    statement_timeout: 5_000,
    lock_timeout: 2_000,
    idle_in_transaction_session_timeout: 10_000,
    // Our own patience, above the server's: a half-open connection never answers at all.
    query_timeout: 6_000,
    keepAlive: true,
    types,
    // Between the pool and TypeORM a new session is for a moment nobody's: one that ends right then would end the process.
    onConnect: (session: EventEmitter) => void session.on('error', () => undefined),
  },
});

/** For migrations, which take as long as they take: two sessions, without the limits that serve callers. */
export const migrationOptions = (databaseUrl: string): DataSourceOptions => ({
  ...dataSourceOptions(databaseUrl, 2),
  extra: {},
});

/**
 * Applies what is missing. Of processes that do so at the same time one works and the others wait for it.
 *
 * @returns names of the migrations applied, oldest first
 */
export async function runMigrations(databaseUrl: string): Promise<readonly string[]> {
  const dataSource = await new DataSource(migrationOptions(databaseUrl)).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await takeTurn(lock);
    return (await dataSource.runMigrations()).map((migration) => migration.name);
  } finally {
    await lock.query(`select pg_advisory_unlock_all()`);
    await lock.release();
    await dataSource.destroy();
  }
}

/**
 * Held by the session, and so given back at the latest when it ends. Asked for again and again: an index that is made
 * `concurrently` waits for every statement that has begun before, and would wait for one that waits for this lock.
 */
async function takeTurn(session: QueryRunner): Promise<void> {
  for (;;) {
    const [{ isOurs }] = await session.manager.query<[{ isOurs: boolean }]>(
      `select pg_try_advisory_lock(hashtext('batch-jobs migrations')) as "isOurs"`,
    );
    if (isOurs) return;
    await sleep(TURN_ASKED_FOR_EVERY_MS);
  }
}
