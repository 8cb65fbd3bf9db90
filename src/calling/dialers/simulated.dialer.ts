import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { callEnd, type CallEnd, type CallOutcome } from '../../batch-jobs/call.outcome.js';
import { Dialer, type OutboundCall } from '../dialer.js';

/** The outcome of a number by its last two digits: each row holds up to and including its number. */
export const SIMULATED_OUTCOMES: readonly (readonly [upTo: number, outcome: CallOutcome])[] = [
  [69, 'answered'],
  [79, 'no_answer'],
  [87, 'busy'],
  [91, 'timeout'],
  [94, 'invalid_number'],
  [96, 'blocked'],
  [98, 'carrier_error'],
  [99, 'failed'],
];

const FAILURES: Readonly<Partial<Record<CallOutcome, string>>> = {
  busy: '486',
  invalid_number: '404',
  blocked: '607',
  carrier_error: '503',
  failed: '500',
};

/** Calls nobody: for demos and tests. The same number always ends the same, which its last two digits tell. */
export class SimulatedDialer extends Dialer {
  readonly name = 'simulated';
  private readonly logger = new Logger(SimulatedDialer.name);

  /** @param callMs how long a call takes, give or take half of it; 0: no time at all */
  constructor(private readonly callMs: number) {
    super();
  }

  async place(call: OutboundCall, signal: AbortSignal): Promise<CallEnd> {
    const digits = Number(call.toPhoneNumber.slice(-2));
    // A number's own: from half of it to one and a half.
    if (this.callMs > 0) await sleep(this.callMs * (0.5 + digits / 99), undefined, { signal });
    const [, outcome] = SIMULATED_OUTCOMES.find(([upTo]) => digits <= upTo) as (typeof SIMULATED_OUTCOMES)[number];
    this.logger.debug('simulated call ended', { callId: call.callId, outcome });
    return callEnd(outcome, {
      roomName: `simulated_${call.callId}`,
      providerCallId: `simulated_${call.callId}`,
      errorCode: FAILURES[outcome] ?? null,
      reason: outcome === 'answered' ? null : 'simulated',
      durationSeconds: outcome === 'answered' ? 20 + digits : null,
    });
  }
}
