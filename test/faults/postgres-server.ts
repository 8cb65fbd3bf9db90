import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataFolder } from '../../src/embedded/data-folder.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { identify, isRunning, until } from '../../src/embedded/processes.js';
import type { RunningServer } from '../../src/embedded/server-process.js';

const quiet = (): void => undefined;

/** A PostgreSQL of a world's own, which keeps its port and what was committed, however it goes. */
export class PostgresServer {
  private kept: Promise<Client> | null = null;

  private constructor(
    private folder: DataFolder,
    private server: RunningServer,
  ) {}

  static async create(): Promise<PostgresServer> {
    // The prefix of the test runs: the next run removes what a killed one left.
    const path = mkdtempSync(join(tmpdir(), 'batch-jobs-test-'));
    chmodSync(path, 0o711);
    const folder = DataFolder.open(path);
    // Durable, because what was acknowledged must outlive a crash.
    return new PostgresServer(folder, await startPostgres({ folder, durable: true, log: quiet }));
  }

  get url(): string {
    return this.server.url;
  }

  /** A folder that is deleted at the end. */
  get path(): string {
    return this.folder.path;
  }

  /** On a connection of its own, made anew when the fault broke it: what asks most must not cost most. */
  async ask<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    for (let tries = 1; ; tries += 1) {
      this.kept ??= this.connect();
      const kept = this.kept;
      try {
        return (await (await kept).query(sql, parameters)).rows as Row[];
      } catch (error) {
        if (this.kept === kept) this.kept = null;
        kept.then((client) => client.end()).catch(quiet);
        if (tries === 2) throw error;
      }
    }
  }

  /** A session that stays, to hold locks. */
  session(): Promise<Client> {
    return this.connect();
  }

  private async connect(): Promise<Client> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 5_000 });
    client.on('error', quiet);
    await client.connect();
    return client;
  }

  /** In good order: sessions are ended, their transactions rolled back. */
  async stop(): Promise<void> {
    await this.server.stop();
  }

  /** At once, as in a crash: it recovers from its log when it starts. */
  async crash(): Promise<void> {
    const identity = identify(this.server.pid);
    if (!identity) return;
    process.kill(identity.pid, 'SIGQUIT');
    await until(() => !isRunning(identity), 20_000);
  }

  /** Starts it unless it runs, on the same port. */
  async start(): Promise<void> {
    if (identify(this.server.pid)) return;
    const { url } = this;
    // Opened anew, as its password is no longer one that was just made.
    this.folder.close();
    this.folder = DataFolder.open(this.path);
    this.server = await startPostgres({ folder: this.folder, durable: true, log: quiet });
    if (this.url !== url) throw new Error('PostgreSQL came back on another port');
  }

  async remove(): Promise<void> {
    await this.kept?.then((client) => client.end()).catch(quiet);
    await this.stop();
    this.folder.close();
    rmSync(this.folder.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
