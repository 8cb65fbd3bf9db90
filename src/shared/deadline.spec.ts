import { expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { collectGarbage } from '../../test/support/garbage.js';
import { withDeadline } from './deadline.js';

const NEVER = new AbortController().signal;

/** Rejects with what the signal gives as its reason. */
const untilRisen = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

it('raises the signal when the time is over, also after a garbage collection', async () => {
  const waiting = Promise.allSettled(Array.from({ length: 20 }, () => withDeadline(50, NEVER, untilRisen)));
  await collectGarbage();

  expect((await waiting).map((each) => each.status === 'rejected' && (each.reason as Error).name)).toEqual(
    Array.from({ length: 20 }, () => 'TimeoutError'),
  );
});

it('raises the signal with the outer one, for its reason, also after a garbage collection', async () => {
  const outer = new AbortController();
  const waiting = withDeadline(60_000, outer.signal, untilRisen);
  await collectGarbage();
  outer.abort(new Error('the process ends'));

  await expect(waiting).rejects.toThrow('the process ends');
});

it('begins with a raised signal when the outer one has risen before', async () => {
  await withDeadline(60_000, AbortSignal.abort(), async (signal) => expect(signal.aborted).toBe(true));
});

it('leaves nothing behind: no timer, no listener on the outer signal', async () => {
  const outer = new AbortController();

  await expect(withDeadline(60_000, outer.signal, async () => 'done')).resolves.toBe('done');

  expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
});
