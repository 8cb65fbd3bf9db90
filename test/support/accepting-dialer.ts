import { Dialer, type AcceptedCall, type OutboundCall } from '../../src/calling/dialer.js';

/** Accepts every call, and leaves its outcome to be reported. */
export class AcceptingDialer extends Dialer {
  readonly name = 'accepting';
  readonly calls: OutboundCall[] = [];

  async place(call: OutboundCall): Promise<AcceptedCall> {
    this.calls.push(call);
    return { outcome: null, providerCallId: `provider_${call.callId}`, roomName: null };
  }
}
