import { randomUUID } from 'node:crypto';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';

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
export const patientSource = (url: string, poolSize: number): Promise<DataSource> => {
  const { extra, ...options } = dataSourceOptions(url, poolSize) as PostgresOptions;
  const patience = { statement_timeout: PATIENCE_MS, query_timeout: PATIENCE_MS };
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
