import { describe, expect, it } from '@jest/globals';
import { readRedisUrl } from './redis-url.js';
import { withDefaults } from './settings.js';

const at = (host: string, port: number) => ({ host, port });

describe('readRedisUrl', () => {
  it.each([
    ['redis://localhost', { kind: 'single', nodes: [at('localhost', 6379)], db: 0, isEncrypted: false }],
    ['redis://[::1]:7000/3', { nodes: [at('::1', 7000)], db: 3 }],
    ['rediss://me:p%40ss@redis.example/', { isEncrypted: true, username: 'me', password: 'p@ss', db: 0 }],
    ['redis://:secret@host', { username: undefined, password: 'secret' }],
    ['redis://:p@ss@host', { nodes: [at('host', 6379)], password: 'p@ss' }],
    [
      'redis+sentinel://:secret@a,b:26380/mymaster/2',
      {
        kind: 'sentinel',
        nodes: [at('a', 26379), at('b', 26380)],
        db: 2,
        password: 'secret',
        sentinel: { master: 'mymaster' },
      },
    ],
    [
      'rediss+sentinel://a/m?sentinelUsername=watcher&sentinelPassword=s%26t',
      { isEncrypted: true, db: 0, sentinel: { master: 'm', username: 'watcher', password: 's&t' } },
    ],
    ['redis+cluster://a:7000,b', { kind: 'cluster', nodes: [at('a', 7000), at('b', 6379)] }],
    ['rediss+cluster://me:secret@a/0', { kind: 'cluster', isEncrypted: true, username: 'me' }],
  ])('reads %s', (url, address) => {
    expect(readRedisUrl(url)).toMatchObject(address);
  });

  it.each([
    'http://localhost',
    'redis://',
    'redis:localhost',
    'redis://a,b',
    'redis://host/one',
    'redis://host/1/2',
    'redis://host:port',
    'redis://%zz@host',
    'redis+sentinel://a,b',
    'redis+sentinel://a/master/0/1',
    'redis+cluster://a,,b',
    'redis+cluster://a/1',
    'redis+proxy://a',
  ])('does not read %s', (url) => {
    expect(readRedisUrl(url)).toBeNull();
  });
});

describe('the prefix of keys', () => {
  const settings = { databaseUrl: '', apiKeyPepper: '', redisKeyPrefix: 'batches' };

  it('must keep the keys of a queue in one slot of a cluster', () => {
    expect(() => withDefaults({ ...settings, redisUrl: 'redis+cluster://a' })).toThrow(/braces/);
    expect(withDefaults({ ...settings, redisUrl: 'redis://a' }).redisKeyPrefix).toBe('batches');
  });
});
