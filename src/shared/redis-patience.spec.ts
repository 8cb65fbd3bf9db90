import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisPatience } from './redis-patience.js';
import { requestContext, unhurried } from './request-context.js';

// Timers fire up to a millisecond early.
const EARLY_MS = 5;

describe('RedisPatience', () => {
  it('is 500 ms to begin with', () => {
    expect(new RedisPatience().leftMs).toBe(500);
  });

  it('is spent by waiting, whatever the answer is, and by nothing else', async () => {
    const patience = new RedisPatience();
    await patience.during(sleep(60));
    await patience.during(sleep(60).then(() => Promise.reject(new Error('refused')))).catch(() => undefined);
    const { leftMs } = patience;
    expect(leftMs).toBeLessThan(380 + EARLY_MS);
    await sleep(30);
    expect(patience.leftMs).toBe(leftMs);
  });

  it('is spent once by those who wait at the same time', async () => {
    const patience = new RedisPatience();
    const from = performance.now();
    await Promise.all([50, 100, 80].map((ms) => patience.during(sleep(ms))));
    const tookMs = performance.now() - from;
    expect(patience.leftMs).toBeGreaterThan(500 - tookMs - EARLY_MS);
    expect(patience.leftMs).toBeLessThan(400 + EARLY_MS);
  });

  it('has nothing left after 500 ms, also for who asks meanwhile', async () => {
    const patience = new RedisPatience();
    const waiting = patience.during(sleep(550));
    await sleep(520);
    expect(patience.leftMs).toBe(0);
    await waiting;
    expect(patience.leftMs).toBe(0);
  });
});

describe('unhurried', () => {
  it('takes the patience of the request away for the work, and keeps its id', async () => {
    const context = { requestId: 'req_1', redisPatience: new RedisPatience() };
    await requestContext.run(context, async () => {
      expect(await unhurried(async () => requestContext.getStore())).toEqual({ requestId: 'req_1' });
      expect(requestContext.getStore()).toBe(context);
    });
  });

  it('only does the work outside of a request', async () => {
    expect(await unhurried(async () => requestContext.getStore())).toBeUndefined();
  });
});
