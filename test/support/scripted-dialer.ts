import { callEnd, type CallEnd } from '../../src/batch-jobs/call.outcome.js';
import {
  Dialer,
  type CallLookUp,
  type OutboundCall,
  type Permission,
  type PlacedCall,
  type UnsettledCall,
} from '../../src/calling/dialer.js';

/** What a call is answered with: an outcome, an acceptance, or something thrown. */
export type Script = (
  call: OutboundCall,
  signal: AbortSignal,
  isPermitted: Permission,
) => PlacedCall | Promise<PlacedCall>;

export const ACCEPTED: PlacedCall = { outcome: null, providerCallId: null, roomName: null };
export const ANSWERED: CallEnd = callEnd('answered', { durationSeconds: 42 });

/** A dialer that does what the test says, and remembers every call. */
export class ScriptedDialer extends Dialer {
  readonly name = 'scripted';
  readonly placed: OutboundCall[] = [];
  /** Most calls that were being placed at one time. */
  peak = 0;
  /** What is said of calls without an outcome. */
  knows: (call: UnsettledCall) => CallLookUp | Promise<CallLookUp> = () => null;
  private placing = 0;

  constructor(public script: Script = () => ANSWERED) {
    super();
  }

  async place(call: OutboundCall, signal: AbortSignal, isPermitted: Permission): Promise<PlacedCall> {
    this.placed.push(call);
    this.placing += 1;
    this.peak = Math.max(this.peak, this.placing);
    try {
      return await this.script(call, signal, isPermitted);
    } finally {
      this.placing -= 1;
    }
  }

  override async lookUp(call: UnsettledCall): Promise<CallLookUp> {
    return this.knows(call);
  }

  /** The numbers called, sorted. */
  get numbers(): string[] {
    return this.placed.map(({ toPhoneNumber }) => toPhoneNumber).toSorted((a, b) => a.localeCompare(b));
  }
}
