import { execFile } from 'node:child_process';
import { appendFile, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { runMigrations } from '../../src/database/data-source.js';
import { DataFolder } from '../../src/embedded/data-folder.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { identify, isRunning, until } from '../../src/embedded/processes.js';
import type { RunningServer } from '../../src/embedded/server-process.js';
import { eventually } from './eventually.js';
import { TcpProxy } from './tcp-proxy.js';

const quiet = (): void => undefined;
const STANDBY = 'standby';

/** One PostgreSQL, with a folder of its own. */
interface Node {
  readonly folder: DataFolder;
  readonly server: RunningServer;
}

/** A primary with a streaming standby, and an address that follows whoever is the primary when it is told to. */
export class PostgresPair {
  private constructor(
    private readonly primary: Node,
    private readonly standby: Node,
    /** What the service knows: a virtual address, or the name that a managed service gives. */
    readonly address: TcpProxy,
    /** The way of the log from the primary to the standby. */
    readonly link: TcpProxy,
  ) {}

  /** @param isSynchronous whether a commit is answered only when the standby has it on its disk */
  static async start(isSynchronous: boolean): Promise<PostgresPair> {
    const primary = await startNode(await newFolder());
    const link = await TcpProxy.start(primary.server.url);
    const standby = await startNode(await copyOf(primary, link.url));
    const address = await TcpProxy.start(primary.server.url);
    const pair = new PostgresPair(primary, standby, address, link);
    await runMigrations(primary.server.url);
    await pair.onPrimary(`alter system set synchronous_commit = ${isSynchronous ? 'on' : 'local'}`);
    await pair.onPrimary(`alter system set synchronous_standby_names = '${STANDBY}'`);
    await pair.onPrimary('select pg_reload_conf()');
    await eventually(async () => {
      const [row] = await pair.onPrimary('select sync_state from pg_stat_replication');
      if (row?.sync_state !== 'sync') throw new Error(`the standby is ${JSON.stringify(row)}`);
    });
    return pair;
  }

  /** Of the standby, past the address: it can be read before it is promoted, and written after. */
  get standbyUrl(): string {
    return this.standby.server.url;
  }

  /** How many commits wait for the standby. */
  async waitingCommits(): Promise<number> {
    const rows = await this.onPrimary(`select from pg_stat_activity where wait_event = 'SyncRep'`);
    return rows.length;
  }

  /** Ends the primary at once, for good. What it had sent, and the standby had not read, is lost with it. */
  async losePrimary(): Promise<void> {
    await this.link.stop();
    const identity = identify(this.primary.server.pid);
    if (!identity) return;
    process.kill(identity.pid, 'SIGQUIT');
    await until(() => !isRunning(identity), 20_000);
  }

  /** New connections are the standby's from now on, promoted or not. */
  pointToStandby(): void {
    this.address.retarget(this.standbyUrl);
  }

  async promote(): Promise<void> {
    await ask(this.standbyUrl, 'select pg_promote()');
  }

  async stop(): Promise<void> {
    await Promise.all([this.address.stop(), this.link.stop()]);
    for (const { server, folder } of [this.standby, this.primary]) {
      await server.stop();
      folder.close();
    }
  }

  private onPrimary(sql: string): Promise<Record<string, unknown>[]> {
    return ask(this.primary.server.url, sql);
  }
}

const newFolder = (): Promise<string> => mkdtemp(join(process.env.TEST_FOLDER ?? '', 'postgres-'));

async function startNode(path: string): Promise<Node> {
  const folder = DataFolder.open(path);
  return { folder, server: await startPostgres({ folder, durable: true, log: quiet }) };
}

/**
 * A folder with what the primary has, to be started as its standby. Copied between the two ends of a backup, as the programs
 * that come by npm have no `pg_basebackup`.
 */
async function copyOf(primary: Node, logUrl: string): Promise<string> {
  const path = await newFolder();
  const cluster = join(path, 'postgres');
  await writeFile(join(path, 'password'), primary.folder.password, { mode: 0o600 });
  const session = await connect(primary.server.url);
  try {
    await session.query(`select pg_backup_start('${STANDBY}', fast => true)`);
    // With its owner, who is another user where this runs as root.
    await promisify(execFile)('cp', ['-a', primary.folder.file('postgres'), cluster]);
    const { rows } = await session.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
    await rm(join(cluster, 'postmaster.pid'));
    await give(cluster, 'backup_label', rows[0].labelfile);
  } finally {
    await session.end();
  }
  await give(cluster, 'standby.signal', '');
  await appendFile(
    join(cluster, 'postgresql.auto.conf'),
    // A role of its own would be right for a company; what is told apart here is the name.
    `primary_conninfo = '${logUrl}?application_name=${STANDBY}'\nwal_retrieve_retry_interval = 200\n`,
  );
  return path;
}

/** Writes a file of the cluster, for the user whose cluster it is. */
async function give(cluster: string, name: string, content: string): Promise<void> {
  const { uid, gid } = await stat(cluster);
  await writeFile(join(cluster, name), content, { mode: 0o600 });
  await chown(join(cluster, name), uid, gid);
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 20_000 });
  client.on('error', quiet);
  await client.connect();
  return client;
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await connect(url);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
