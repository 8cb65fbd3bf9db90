import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { DataSource, type EntityManager } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Database } from '../../src/shared/database.js';
import { eventually } from '../support/eventually.js';
import { LogLines } from '../support/log-lines.js';
import { ReadOnlyDatabase } from '../support/read-only-database.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestDatabase } from '../support/test-database.js';

let testDatabase: TestDatabase;
let proxy: TcpProxy;
let dataSource: DataSource;
let database: Database;
beforeAll(async () => {
  testDatabase = await TestDatabase.create();
  proxy = await TcpProxy.start(testDatabase.url);
  dataSource = await new DataSource(dataSourceOptions(proxy.url, 2)).initialize();
  database = new Database(dataSource);
  LogLines.listen();
});
afterAll(async () => {
  await dataSource.destroy();
  await proxy.stop();
  await testDatabase.drop();
});

/** Ends the session of a transaction from outside, and waits until TypeORM knows. */
async function endSession(manager: EntityManager): Promise<void> {
  const [{ pid }] = await manager.query<[{ pid: number }]>('select pg_backend_pid() as pid');
  await query('select pg_terminate_backend($1)', [pid]);
  await eventually(() => expect(manager.queryRunner?.isReleased).toBe(true));
}

const query = (sql: string, parameters: unknown[] = []) => database.read((manager) => manager.query(sql, parameters));
const answer = () => query('select 42 as answer');
const unavailable = { code: 'unavailable' };

describe('Database', () => {
  it('gives up a connection that has become silent, and does not use it again', async () => {
    await answer();
    proxy.halfOpen();

    await expect(answer()).rejects.toMatchObject(unavailable);

    await expect(answer()).resolves.toEqual([{ answer: 42 }]);
  }, 90_000);

  it('calls refused and reset connections an outage, and is well when they are', async () => {
    await proxy.refuse();
    await expect(answer()).rejects.toMatchObject(unavailable);
    await proxy.heal();
    await expect(answer()).resolves.toEqual([{ answer: 42 }]);

    const answering = query('select pg_sleep(2)');
    setImmediate(() => proxy.reset());
    await expect(answering).rejects.toMatchObject(unavailable);
    await expect(answer()).resolves.toEqual([{ answer: 42 }]);
  });

  it('tries again after its session was ended by an administrator, and after a deadlock', async () => {
    let tries = 0;
    await database.transaction(async (manager) => {
      tries += 1;
      if (tries === 1) await manager.query('select pg_terminate_backend(pg_backend_pid())');
      await manager.query('select 1');
    });
    expect(tries).toBe(2);

    tries = 0;
    await database.read(async (manager) => {
      tries += 1;
      if (tries < 3) await manager.query(`do $$ begin raise exception using errcode = '40P01'; end $$`);
    });
    expect(tries).toBe(3);
  });

  it.each([
    ['before its next statement', (manager: EntityManager) => manager.query('select 1')],
    ['before its commit', () => Promise.resolve()],
  ])('tries a transaction again whose session was ended %s', async (_when, proceed) => {
    let tries = 0;
    await database.transaction(async (manager) => {
      tries += 1;
      if (tries === 1) await endSession(manager);
      await proceed(manager);
    });
    expect(tries).toBe(2);

    const always = database.transaction(async (manager) => {
      await endSession(manager);
      await proceed(manager);
    });
    await expect(always).rejects.toMatchObject(unavailable);
  });

  it('tells a database that takes no changes from one that is away, and leaves the sessions to what was the primary', async () => {
    const failover = new ReadOnlyDatabase(testDatabase.url);
    const write = () => query(`update organizations set name = 'b' returning id`);
    expect(await database.probe()).toBe('up');

    await failover.begin();
    await eventually(() => expect(write()).rejects.toMatchObject({ ...unavailable, refusesWrites: true }));
    await expect(answer()).resolves.toEqual([{ answer: 42 }]);
    await eventually(async () => expect(await database.probe()).toBe('refuses_writes'));

    await failover.end();
    await eventually(() => write());
    await eventually(async () => expect(await database.probe()).toBe('up'), 10_000);
    await proxy.refuse();
    await eventually(async () => expect(await database.probe()).toBe('down'));
    await proxy.heal();
    await eventually(async () => expect(await database.probe()).toBe('up'), 10_000);
  }, 90_000);

  it.each(['25006', '53100', '58030', '42501', 'XX000'])('calls %s an outage', async (errcode) => {
    const failing = query(`do $$ begin raise exception using errcode = '${errcode}'; end $$`);
    await expect(failing).rejects.toMatchObject(unavailable);
  });

  it('does not repeat what PostgreSQL refuses for good, and does not call it an outage', async () => {
    let tries = 0;
    const refused = database.read(async (manager) => {
      tries += 1;
      return manager.query('select nothing from nowhere');
    });
    await expect(refused).rejects.toMatchObject({ driverError: { code: '42P01' } });
    expect(tries).toBe(1);
  });

  it('outlives a session that is ended in its first moment', async () => {
    // Ready and ended in one piece, as a busy process reads it: nobody has taken the session up by then.
    const message = (type: string, body: string) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length + 4);
      return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
    };
    const words = [message('R', '\0\0\0\0'), message('Z', 'I'), message('E', 'SFATAL\0C57P01\0Mended\0\0')];
    const server = createServer((socket) => socket.once('data', () => socket.end(Buffer.concat(words))));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const options = dataSourceOptions(`postgres://nobody:secret@127.0.0.1:${port}/none`, 2);
    // In PostgreSQL's words or the driver's, as the pieces arrive; not as an error that nobody hears.
    await expect(new DataSource(options).initialize()).rejects.toThrow(/ended|connection error/);

    server.close();
  });
});
