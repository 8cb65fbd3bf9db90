import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { dataSourceOptions, runMigrations } from '../../src/database/data-source.js';

/** A database of its own on the test server, migrated. */
export class TestDatabase {
  private constructor(
    readonly url: string,
    private readonly name: string,
  ) {}

  static async create(): Promise<TestDatabase> {
    const database = await TestDatabase.createEmpty();
    await runMigrations(database.url);
    return database;
  }

  /** Without the migrations. */
  static async createEmpty(): Promise<TestDatabase> {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await onServer(`create database ${name}`);
    const url = new URL(serverUrl());
    url.pathname = name;
    return new TestDatabase(url.href, name);
  }

  /** A connection beside those of the application. */
  connect(): Promise<DataSource> {
    // A busy machine may take longer for a session than the service waits for one.
    const options = dataSourceOptions(this.url, 5);
    return new DataSource(Object.assign(options, { connectTimeoutMS: 30_000 })).initialize();
  }

  async drop(): Promise<void> {
    await onServer(`drop database ${this.name} with (force)`);
  }
}

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
