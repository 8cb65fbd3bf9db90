import { describe, expect, it } from '@jest/globals';
import type { Course } from '../batch-jobs/estimate.statements.js';
import { Clock } from '../shared/clock.js';
import { estimate, estimateCompletion } from './estimate.js';

const SETTINGS = { averageCallMinutes: 2, costPerMinuteDollars: 0.0175, retryDelaysMinutes: [5, 30, 60] };
const NEVER_CALLED = { concurrentCallLimit: 50, calls: 0, retried: 0 };

describe('estimate', () => {
  it.each([
    [100, 5, 50, 40, 3.5],
    [101, 5, 50, 42, 3.535],
    [1, 50, 50, 2, 0.035],
    [100, 50, 5, 40, 3.5],
    [100, 50, 0, 4, 3.5],
    [100, 50, null, 4, 3.5],
  ])(
    'takes %i contacts, %i at a time and %s for the organization, for %d minutes and %d dollars',
    (contacts, concurrentCallLimit, ofOrganization, minutes, dollars) => {
      const limits = { concurrentCallLimit, maxAttempts: 3 };
      const habits = { ...NEVER_CALLED, concurrentCallLimit: ofOrganization };
      const estimated = estimate(contacts, limits, habits, SETTINGS);
      expect(estimated.minutes).toBe(minutes);
      expect(estimated.dollars).toBeCloseTo(dollars, 10);
    },
  );

  const of = (habits: object, maxAttempts = 3, contacts = 1) =>
    estimate(contacts, { concurrentCallLimit: 5, maxAttempts }, { ...NEVER_CALLED, ...habits }, SETTINGS);

  it('waits for the retries that calls have needed of late, in whole minutes', () => {
    // 2, in half of the cases 5 + 2 more, in a quarter 30 + 2 more: 13.5.
    expect(of({ calls: 100, retried: 50 }).minutes).toBe(14);
    expect(of({ calls: 100, retried: 50 }, 1).minutes).toBe(2);
    expect(of({ calls: 100, retried: 100 }, 2).minutes).toBe(9);
  });

  it('says nothing of retries from fewer than 50 calls', () => {
    expect(of({ calls: 49, retried: 49 }).minutes).toBe(2);
    expect(of({ calls: 50, retried: 49 }).minutes).toBeGreaterThan(30);
  });

  it('does not make a batch dearer for its retries', () => {
    expect(of({ calls: 100, retried: 50 }).dollars).toBeCloseTo(0.035, 10);
  });

  it('is a moment’s work for the longest list', () => {
    expect(of({ calls: 100, retried: 90 }, 10, 1_000_000).minutes).toBeGreaterThan(400_000);
  });

  it('is nothing where calls take no time and nobody is called twice', () => {
    const limits = { concurrentCallLimit: 5, maxAttempts: 3 };
    expect(estimate(9, limits, NEVER_CALLED, { ...SETTINGS, averageCallMinutes: 0 }).minutes).toBe(0);
  });
});

const NOW = new Date('2027-03-01T10:30:00Z');
class FixedClock extends Clock {
  override now(): Date {
    return NOW;
  }
}

const running = { status: 'running', startedAt: new Date('2027-03-01T10:00:00Z'), totalContacts: 100 } as const;
const SMOOTH: Course = {
  sampledContacts: 25,
  calls: 25,
  retried: 0,
  callMs: 60_000,
  maxAttempts: 3,
  pausedMs: 0,
  open: [],
};

const done = (counts: object, course: Partial<Course> = {}): Date | null =>
  estimateCompletion(running, counts, { ...SMOOTH, ...course }, new FixedClock(), SETTINGS);

describe('estimateCompletion', () => {
  it.each([SMOOTH.calls, 0])('goes on from now at the pace so far, with %d calls known', (calls) => {
    // 25 in 30 minutes: 75 more take 90.
    expect(done({ completed: 20, busy: 5, pending: 75 }, { calls })).toEqual(new Date('2027-03-01T12:00:00Z'));
  });

  it('does not count pauses into the pace', () => {
    const pausedMs = 20 * 60_000;
    expect(done({ completed: 25, pending: 75 }, { pausedMs })).toEqual(new Date('2027-03-01T11:00:00Z'));
  });

  it('never lies before a retry that is still to come', () => {
    const open = [{ attempts: 2, dueAtMs: Date.parse('2027-03-01T11:15:00Z') }];
    // It is the last call, of one minute.
    const course = { sampledContacts: 100, calls: 100, open, callMs: 60_000 };
    expect(done({ completed: 99, queued: 1 }, course)).toEqual(new Date('2027-03-01T11:16:00Z'));
  });

  it('reckons with the retries after that one', () => {
    const open = [{ attempts: 1, dueAtMs: NOW.getTime() }];
    const course = { sampledContacts: 100, calls: 100, retried: 50, open };
    // One minute, and in half of the cases 30 + 1 more.
    expect(done({ completed: 99, queued: 1 }, course)).toEqual(new Date('2027-03-01T10:46:30Z'));
  });

  it('takes the time that calls need when many retries are due at once', () => {
    const open = Array.from({ length: 50 }, () => ({ attempts: 2, dueAtMs: NOW.getTime() }));
    const course = { sampledContacts: 100, calls: 100, open };
    // 100 calls in 30 minutes: 50 more take 15.
    expect(done({ completed: 50, queued: 50 }, course)).toEqual(new Date('2027-03-01T10:45:00Z'));
  });

  it('lets each known retry stand for as many as there are', () => {
    const open = Array.from({ length: 5 }, () => ({ attempts: 2, dueAtMs: NOW.getTime() }));
    const course = { sampledContacts: 100, calls: 100, open };
    expect(done({ completed: 50, queued: 50 }, course)).toEqual(new Date('2027-03-01T10:45:00Z'));
  });

  it.each([
    ['nothing is processed', running, { pending: 100 }],
    ['it has not begun', { ...running, status: 'scheduled', startedAt: null } as const, {}],
    ['it is paused', { ...running, status: 'paused' } as const, { completed: 20, pending: 80 }],
  ])('knows nothing while %s', (_, job, counts) => {
    expect(estimateCompletion(job, counts, SMOOTH, new FixedClock(), SETTINGS)).toBeNull();
  });

  it('knows nothing of a batch that is gone', () => {
    expect(estimateCompletion(running, { completed: 1 }, null, new FixedClock(), SETTINGS)).toBeNull();
  });
});
