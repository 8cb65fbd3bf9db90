import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ValidKey } from './api-keys.service.js';
import { RecentKeys } from './recent-keys.js';

const KEY = { id: 'key_a', organizationId: 'org_a', scopes: ['jobs:read'] } satisfies ValidKey;
const HASH = Buffer.from('a');

describe('a key that was looked up', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([
    ['for a second', null, 999, 1],
    ['for a second, when it expires later', 60_000, 999, 1],
    ['until it expires', 300, 299, 1],
  ])('is known %s', (_, expiresInMs, knownMs, moreMs) => {
    const recent = new RecentKeys();
    recent.remember(HASH, KEY, expiresInMs, recent.moment);

    jest.advanceTimersByTime(knownMs);
    expect(recent.find(HASH)).toEqual(KEY);
    jest.advanceTimersByTime(moreMs);
    expect(recent.find(HASH)).toBeNull();
  });

  it('is known by its whole hash', () => {
    const recent = new RecentKeys();
    recent.remember(HASH, KEY, null, recent.moment);
    expect(recent.find(Buffer.from('ab'))).toBeNull();
  });

  it('is forgotten when one is revoked, also when it was just being looked up', () => {
    const recent = new RecentKeys();
    const { moment } = recent;
    recent.remember(HASH, KEY, null, moment);
    recent.forgetAll();
    expect(recent.find(HASH)).toBeNull();

    recent.remember(HASH, KEY, null, moment);
    expect(recent.find(HASH)).toBeNull();
  });

  it('makes room for others', () => {
    const recent = new RecentKeys();
    for (let at = 0; at <= 10_000; at += 1) recent.remember(Buffer.from(`${at}`), KEY, null, recent.moment);
    expect(recent.find(Buffer.from('0'))).toBeNull();
    expect(recent.find(Buffer.from('1'))).toEqual(KEY);
  });
});
