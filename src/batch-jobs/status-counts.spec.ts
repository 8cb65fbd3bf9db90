import { describe, expect, it } from '@jest/globals';
import { assert, nat, property, record, type Arbitrary } from 'fast-check';
import { CONTACT_STATUSES } from './contact.status.js';
import { summarize, type StatusCounts } from './status-counts.js';

const anyCounts = record(
  Object.fromEntries(CONTACT_STATUSES.map((status) => [status, nat(10_000)])) as Record<string, Arbitrary<number>>,
  { requiredKeys: [] },
) as Arbitrary<StatusCounts>;

describe('summarize', () => {
  it('counts an answered, an unanswered and a cancelled contact as processed, the last as neither success nor failure', () => {
    expect(summarize({ completed: 3, busy: 2, cancelled: 4, pending: 5, queued: 1, dialing: 1 })).toEqual({
      contactsProcessed: 9,
      successfulCalls: 3,
      failedCalls: 2,
    });
  });

  it('adds up for any counts', () => {
    assert(
      property(anyCounts, (counts) => {
        const { contactsProcessed, successfulCalls, failedCalls } = summarize(counts);
        const open = (counts.pending ?? 0) + (counts.queued ?? 0) + (counts.dialing ?? 0);
        const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
        expect(contactsProcessed + open).toBe(all);
        expect(successfulCalls + failedCalls + (counts.cancelled ?? 0)).toBe(contactsProcessed);
      }),
    );
  });
});
