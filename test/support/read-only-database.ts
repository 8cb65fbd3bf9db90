import { Client } from 'pg';

/**
 * Makes a database read-only for its new sessions, as PostgreSQL is for seconds in a failover. Those that are open keep
 * what they began with, unless they are ended.
 */
export class ReadOnlyDatabase {
  constructor(private readonly url: string) {}

  async begin(): Promise<void> {
    await this.onServer(async (client, name) => {
      await client.query(`alter database ${name} set default_transaction_read_only = on`);
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    });
  }

  /** The primary is elsewhere: new sessions may write, and those to the old one are left. */
  async end(): Promise<void> {
    await this.onServer(async (client, name) => {
      await client.query(`alter database ${name} reset default_transaction_read_only`);
    });
  }

  /** From another database, so that this session is not its own victim. */
  private async onServer(work: (client: Client, name: string) => Promise<void>): Promise<void> {
    const url = new URL(this.url);
    const name = url.pathname.slice(1);
    url.pathname = 'postgres';
    const client = new Client(url.href);
    await client.connect();
    try {
      await work(client, name);
    } finally {
      await client.end();
    }
  }
}
