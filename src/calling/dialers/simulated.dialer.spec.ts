import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { CallOutcome } from '../../batch-jobs/call.outcome.js';
import { anOutboundCall } from '../../../test/support/outbound-call.js';
import { SimulatedDialer } from './simulated.dialer.js';

const NEVER = new AbortController().signal;
const dialer = new SimulatedDialer(0);
const place = (digits: number, callId?: string) =>
  dialer.place(anOutboundCall({ toPhoneNumber: `+120255501${String(digits).padStart(2, '0')}`, callId }), NEVER);

/** As `docs/dialers.md` has it: first and last of the last two digits. */
const TABLE: readonly [number, number, CallOutcome, string | null][] = [
  [0, 69, 'answered', null],
  [70, 79, 'no_answer', null],
  [80, 87, 'busy', '486'],
  [88, 91, 'timeout', null],
  [92, 94, 'invalid_number', '404'],
  [95, 96, 'blocked', '607'],
  [97, 98, 'carrier_error', '503'],
  [99, 99, 'failed', '500'],
];

const debug = jest.spyOn(Logger.prototype, 'debug').mockReturnValue();
beforeEach(() => {
  debug.mockClear();
});

describe('SimulatedDialer', () => {
  it.each(TABLE)('ends numbers from …%i to …%i as %s', async (first, last, outcome, errorCode) => {
    for (let digits = first; digits <= last; digits += 1) {
      expect(await place(digits)).toMatchObject({ outcome, errorCode });
    }
  });

  it('leaves no number out', () => {
    const ends = TABLE.map(([, last]) => last + 1);
    expect([0, ...ends]).toEqual([...TABLE.map(([first]) => first), 100]);
  });

  it('ends the same number the same way, each call under its own name', async () => {
    const [one, other] = [await place(23, 'call_1'), await place(23, 'call_2')];
    expect(one).toEqual({
      outcome: 'answered',
      durationSeconds: 43,
      errorCode: null,
      reason: null,
      roomName: 'simulated_call_1',
      providerCallId: 'simulated_call_1',
    });
    expect({ ...other, roomName: null, providerCallId: null }).toEqual({
      ...one,
      roomName: null,
      providerCallId: null,
    });
  });

  it('says simulated wherever it leaves something', async () => {
    const end = await place(99, 'call_1');
    expect(end).toMatchObject({
      reason: 'simulated',
      roomName: 'simulated_call_1',
      providerCallId: 'simulated_call_1',
    });
    expect(debug.mock.calls.map(([line]) => String(line))).toEqual([expect.stringContaining('simulated')]);
    expect(JSON.stringify(debug.mock.calls)).not.toContain('+1202');
    expect(dialer.name).toBe('simulated');
  });

  it('gives up when it is told to', async () => {
    const told = AbortSignal.abort();
    await expect(new SimulatedDialer(60_000).place(anOutboundCall(), told)).rejects.toThrow(/abort/i);
  });
});
