import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectCaller, connectWorker, type RedisConnection } from '../../src/shared/redis.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/programs.js';
import { RedisNode } from '../support/redis-topologies.js';
import { CERTIFICATE, KEY } from '../support/tls-service.js';

const folder = process.env.TEST_FOLDER ?? '';
const redisCaFile = join(folder, 'redis-ca.pem');
const keyFile = join(folder, 'redis-key.pem');

let redis: RedisNode;
let redisUrl: string;
const open: RedisConnection[] = [];
beforeAll(async () => {
  writeFileSync(redisCaFile, CERTIFICATE);
  writeFileSync(keyFile, KEY);
  const port = await freePort();
  const files = [`tls-cert-file ${redisCaFile}`, `tls-key-file ${keyFile}`, 'tls-auth-clients no'];
  redis = await RedisNode.start([`tls-port ${port}`, ...files]);
  redisUrl = `rediss://127.0.0.1:${port}`;
});
afterAll(async () => {
  for (const connection of open) connection.disconnect();
  await redis.kill();
});

describe.each([
  ['a caller', connectCaller],
  ['a worker', connectWorker],
])('%s, with TLS', (_whose, connect) => {
  const connected = (settings: Parameters<typeof connect>[0]): RedisConnection => {
    const connection = connect(settings);
    open.push(connection);
    return connection;
  };

  it('trusts the certificates of the file that is given', async () => {
    const connection = connected({ redisUrl, redisCaFile });
    connection.on('error', () => undefined);
    expect(await eventually(() => connection.ping())).toBe('PONG');
  });

  it('trusts nobody whom neither Node.js nor a file vouches for', async () => {
    const connection = connected({ redisUrl, redisCaFile: null });
    const failure = await new Promise<NodeJS.ErrnoException>((resolve) => connection.once('error', resolve));
    expect(failure.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    connection.disconnect();
  });
});
