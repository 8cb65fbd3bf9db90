import { describe, expect, it } from '@jest/globals';
import { Display, toLine, type WatchedJob } from './progress-line.js';

const JOB: WatchedJob = {
  status: 'running',
  failureReason: null,
  totalContacts: 988,
  contactsProcessed: 247,
  statusBreakdown: { pending: 736, dialing: 5, completed: 200, busy: 47, failed: 0 },
  estimatedCompletionTime: '2027-03-01T16:22:20.123Z',
};

/** What a display wrote to a terminal of so many columns, or to something else. */
const written = (columns: number | null, lines: readonly string[]): string => {
  let text = '';
  const out = { isTTY: columns !== null, columns, write: (piece: string) => (text += piece) };
  const display = new Display(out as unknown as NodeJS.WriteStream);
  for (const line of lines) display.show(line);
  display.end();
  return text;
};

describe('toLine', () => {
  it('shows the status, a bar, the counters and when it will be done', () => {
    expect(toLine(JOB)).toBe(
      'running [██████░░░░░░░░░░░░░░░░░░]  25% 247/988 · done about 2027-03-01T16:22:20Z · pending 736, dialing 5, completed 200, busy 47',
    );
  });

  it.each([
    [0, '[░░░░░░░░░░░░░░░░░░░░░░░░]   0% 0/988'],
    [987, '[███████████████████████░]  99% 987/988'],
    [988, '[████████████████████████] 100% 988/988'],
  ])('is full only when it is: %d of 988', (contactsProcessed, bar) => {
    expect(toLine({ ...JOB, contactsProcessed })).toContain(bar);
  });

  it('says why it failed, and nothing of a time that nobody knows', () => {
    const failed = { ...JOB, status: 'failed', failureReason: 'dialer_refused', estimatedCompletionTime: null };
    expect(toLine(failed)).toMatch(/^failed \(dialer_refused\) \[.*busy 47$/);
  });
});

describe('Display', () => {
  it('redraws the line in a terminal, no longer than the terminal is wide', () => {
    expect(written(4, ['12345', '12345', '6'])).toBe('\r\u{1b}[2K123\r\u{1b}[2K6\n');
  });

  it('writes nothing when there was nothing to show', () => {
    expect(written(80, [])).toBe('');
  });

  it('writes a line for each change elsewhere', () => {
    expect(written(null, ['12345', '12345', '6'])).toBe('12345\n6\n');
  });
});
