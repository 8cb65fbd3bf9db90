import { randomUUID } from 'node:crypto';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { SETTING_DEFAULTS, type Settings } from '../../src/shared/settings.js';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** A database of its own on the test server, migrated. */
export class TestDatabase {
  private constructor(
    readonly url: string,
    private readonly name: string,
  ) {}

  static create(): Promise<TestDatabase> {
    return TestDatabase.copyOf(process.env.TEST_TEMPLATE ?? '');
  }

  /** Without the migrations. */
  static createEmpty(): Promise<TestDatabase> {
    return TestDatabase.copyOf('template1');
  }

  private static async copyOf(template: string): Promise<TestDatabase> {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await onServer(`create database ${name} template ${template}`);
    const url = new URL(serverUrl());
    url.pathname = name;
    return new TestDatabase(url.href, name);
  }

  /** As the service is told of it: by way of a pooler if the run has one (`npm run test:pgbouncer`). */
  get settings(): Pick<Settings, 'databaseUrl' | 'databasePooler'> {
    const { TEST_POOLER_URL } = process.env;
    if (TEST_POOLER_URL === undefined)
      return { databaseUrl: this.url, databasePooler: SETTING_DEFAULTS.databasePooler };
    const url = new URL(TEST_POOLER_URL);
    url.pathname = this.name;
    return { databaseUrl: url.href, databasePooler: 'transaction' };
  }

  /** A connection beside those of the application. */
  connect(): Promise<DataSource> {
    return patientSource(this.url, 5);
  }

  async drop(): Promise<void> {
    await onServer(`drop database ${this.name} with (force)`);
  }
}

// What a busy machine needs for what takes milliseconds on another.
const PATIENCE_MS = 60_000;

/** Waits longer for a session, and for an answer, than the service does: a busy machine takes its time. */
export const patientSource = (
  url: string,
  poolSize: number,
  pooler?: Settings['databasePooler'],
): Promise<DataSource> => {
  const { extra, ...options } = dataSourceOptions(url, poolSize, pooler) as PostgresOptions;
  const patience = {
    ...('statement_timeout' in extra && { statement_timeout: PATIENCE_MS }),
    query_timeout: PATIENCE_MS,
  };
  const patient = { ...options, connectTimeoutMS: PATIENCE_MS, extra: { ...extra, ...patience } };
  return new DataSource(patient).initialize();
};

const serverUrl = (): string => {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) throw new Error('the test servers are not running: npm test starts them');
  return url;
};

async function onServer(sql: string): Promise<void> {
  const server = await new DataSource({ type: 'postgres', url: serverUrl() }).initialize();
  try {
    await server.query(sql);
  } finally {
    await server.destroy();
  }
}
