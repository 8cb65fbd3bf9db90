import { Webhook } from 'standardwebhooks';
import { Clock } from '../../shared/clock.js';
import { stringifyExactly } from '../../shared/exact-json.js';
import {
  Dialer,
  type CallLookUp,
  type OutboundCall,
  type Permission,
  type PlacedCall,
  type UnsettledCall,
} from '../dialer.js';
import { toFound, toPlacedCall } from './http.answers.js';
import { exchange, unsent } from './http-exchange.js';

export interface HttpDialerOptions {
  /** Where calls are posted, and asked for under their id: `'https://calls.example.com/calls'`. */
  readonly url: string;
  /** Shared with the call service: `whsec_` and the base64 of 24 to 64 random bytes. */
  readonly secret: string;
  /** The one before, while the call service may still know that only: requests are signed with both. @default null */
  readonly previousSecret?: string | null;
  /** The time of signatures. @default the clock of this process */
  readonly clock?: Clock;
}

/**
 * Places calls with a call service over HTTP, as `docs/dialers.md` describes it.
 *
 * Each request is sent once. What is answered decides what is certain: see `docs/decisions/0017-dialers.md`.
 */
export class HttpDialer extends Dialer {
  readonly name = 'http';
  private readonly url: URL;
  private readonly webhooks: readonly Webhook[];
  private readonly clock: Clock;

  constructor({ url, secret, previousSecret = null, clock = new Clock() }: HttpDialerOptions) {
    super();
    this.url = new URL(url);
    this.webhooks = [secret, ...(previousSecret === null ? [] : [previousSecret])].map((known) => new Webhook(known));
    this.clock = clock;
  }

  async place(call: OutboundCall, signal: AbortSignal, isPermitted: Permission): Promise<PlacedCall> {
    const body = stringifyExactly(call);
    const headers = {
      ...this.sign(call.callId, body),
      'Content-Type': 'application/json',
      'Idempotency-Key': call.callId,
    };
    const sending = exchange(this.url, { method: 'POST', headers, body }, signal, isPermitted);
    return sending.then((answer) => toPlacedCall(answer, this.clock), unsent);
  }

  /**
   * Asks the call service under the id of the call.
   *
   * @throws Error  it does not answer, or not as agreed
   */
  override async lookUp({ callId }: UnsettledCall, signal: AbortSignal): Promise<CallLookUp> {
    const url = new URL(this.url);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${callId}`;
    return toFound(await exchange(url, { method: 'GET', headers: this.sign(callId, '') }, signal));
  }

  /**
   * Headers of the Standard Webhooks specification, version 1: it has a list of signatures, so that a secret can be
   * changed.
   */
  private sign(callId: string, body: string): Record<string, string> {
    const now = this.clock.now();
    return {
      Accept: 'application/json',
      'webhook-id': callId,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': this.webhooks.map((webhook) => webhook.sign(callId, now, body)).join(' '),
    };
  }
}
