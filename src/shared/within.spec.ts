import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { within } from './within.js';

const NEVER = new Promise<never>(() => undefined);

describe('within', () => {
  it('is what the work gives, or what it throws', async () => {
    expect(await within(60_000, Promise.resolve('done'))).toBe('done');
    await expect(within(60_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  });

  it('is null when the time is up', async () => {
    expect(await within(1, NEVER)).toBeNull();
    expect(await within(0, NEVER)).toBeNull();
  });

  it('hears an answer that arrived while this process was busy', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
    const answer = once(client, 'data').then(() => 'heard');
    (peer as Socket).write('!');

    const outcome = within(20, answer);
    const busyUntil = performance.now() + 60;
    while (performance.now() < busyUntil);

    expect(await outcome).toBe('heard');
    client.destroy();
    server.close();
  });
});
