import { describe, expect, it } from '@jest/globals';
import { Clock } from '../shared/clock.js';
import { readMark, writeMark } from './reconciliation.mark.js';

const CLOCK = new Clock();

describe('a mark', () => {
  it.each(['batch_01ARZ3NDEKTSV4RRFFQ69G5FAV', ''])('is read as it was written: after %j', (batchJobId) => {
    const mark = {
      starts: { startsAt: new Date('2027-03-01T15:00:00.001Z'), batchJobId },
      wakeUps: '18446744073709551615',
    };
    expect(readMark(writeMark(mark), CLOCK)).toEqual(mark);
  });

  it.each(['', 'somewhere', '1 batch_a', 'x batch_a 0', '1 batch_a b', '1 a b 0', '1234567890123456 a 0'])(
    'is none: %j',
    (text) => {
      expect(readMark(text, CLOCK)).toBeNull();
    },
  );
});
