import { describe, expect, it } from '@jest/globals';
import { Clock } from '../shared/clock.js';
import { estimate, estimateCompletion } from './estimate.js';

const SETTINGS = { averageCallMinutes: 2, costPerMinuteDollars: 0.0175 };

class FixedClock extends Clock {
  override now(): Date {
    return new Date('2027-03-01T10:30:00Z');
  }
}

const running = { status: 'running', startedAt: new Date('2027-03-01T10:00:00Z'), totalContacts: 100 } as const;

describe('estimate', () => {
  it.each([
    [100, 5, 40, 3.5],
    [101, 5, 42, 3.535],
    [1, 50, 2, 0.035],
  ])('takes %i contacts with %i calls at a time for %i minutes and %d dollars', (contacts, limit, minutes, dollars) => {
    const estimated = estimate(contacts, limit, SETTINGS);
    expect(estimated.minutes).toBe(minutes);
    expect(estimated.dollars).toBeCloseTo(dollars, 10);
  });
});

describe('estimateCompletion', () => {
  it('goes on from now at the pace so far', () => {
    // 25 in 30 minutes: 75 more take 90.
    const done = estimateCompletion(running, { completed: 20, busy: 5, pending: 75 }, new FixedClock());
    expect(done).toEqual(new Date('2027-03-01T12:00:00Z'));
  });

  it.each([
    ['nothing is processed', running, { pending: 100 }],
    ['it has not begun', { ...running, status: 'scheduled', startedAt: null } as const, {}],
    ['it is paused', { ...running, status: 'paused' } as const, { completed: 20, pending: 80 }],
  ])('knows nothing while %s', (_, job, counts) => {
    expect(estimateCompletion(job, counts, new FixedClock())).toBeNull();
  });
});
