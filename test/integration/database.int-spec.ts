import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Database } from '../../src/shared/database.js';
import { eventually } from '../support/eventually.js';
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
});
afterAll(async () => {
  await dataSource.destroy();
  await proxy.stop();
  await testDatabase.drop();
});

const answer = () => database.query<{ answer: number }>('select 42 as answer');
const unavailable = { code: 'unavailable' };

describe('Database', () => {
  it('gives up a connection that has become silent, and does not use it again', async () => {
    await answer();
    proxy.halfOpen();

    await expect(answer()).rejects.toMatchObject(unavailable);

    await expect(answer()).resolves.toEqual([{ answer: 42 }]);
  }, 15_000);

  it('calls refused and reset connections an outage, and is well when they are', async () => {
    await proxy.refuse();
    await expect(answer()).rejects.toMatchObject(unavailable);
    await proxy.heal();
    await expect(answer()).resolves.toEqual([{ answer: 42 }]);

    const answering = database.query('select pg_sleep(2)');
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

  it('tries again after its session ended between two statements of a transaction', async () => {
    const administrator = await testDatabase.connect();
    let tries = 0;
    await database.transaction(async (manager) => {
      tries += 1;
      const [{ pid }] = await manager.query<[{ pid: number }]>('select pg_backend_pid() as pid');
      if (tries === 1) {
        await administrator.query('select pg_terminate_backend($1)', [pid]);
        await eventually(() => {
          if (!manager.queryRunner?.isReleased) throw new Error('not noticed yet');
        });
      }
      await manager.query('select 1');
    });
    expect(tries).toBe(2);
    await administrator.destroy();
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
    const outcome = await new DataSource(options).initialize().catch((error: unknown) => error);
    server.close();
    expect(outcome).toBeInstanceOf(Error);
  });
});
