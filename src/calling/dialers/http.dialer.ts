import { Webhook } from 'standardwebhooks';
import { callEnd, type CallEnd } from '../../batch-jobs/call.outcome.js';
import { Clock } from '../../shared/clock.js';
import { stringifyExactly } from '../../shared/exact-json.js';
import {
  Dialer,
  DialerRefusal,
  type CallLookUp,
  type OutboundCall,
  type PlacedCall,
  type UnsettledCall,
} from '../dialer.js';
import { isObject, readCode, readEnd, readPlace } from './end.reader.js';
import { exchangePatiently, NotSentError, toJson, UnclearAnswerError, type HttpAnswer } from './http-exchange.js';

export interface HttpDialerOptions {
  /** Where calls are posted, and asked for under their id: `'https://calls.example.com/calls'`. */
  readonly url: string;
  /** Shared with the call service: `whsec_` and the base64 of 24 to 64 random bytes. */
  readonly secret: string;
  /** The time of signatures. @default the clock of this process */
  readonly clock?: Clock;
}

// By their definition they speak of the address or of who asks, and never of the one call (RFC 9110, section 15.5).
const MISCONFIGURED: Readonly<Record<number, string>> = {
  401: 'the call service does not accept our signature: compare the secret and the clocks of both sides',
  404: 'there is no call service at the address',
  405: 'what is at the address takes no calls',
};

// It has the call already, from another try (draft-ietf-httpapi-idempotency-key-header, section 2.7).
const CONFLICT = 409;

/**
 * Places calls with a call service over HTTP, as `docs/dialers.md` describes it.
 *
 * What it answers decides what is certain: see `docs/decisions/0017-dialers.md`. A request that was certainly not taken
 * is sent again while there is time for placing, any other is not.
 */
export class HttpDialer extends Dialer {
  readonly name = 'http';
  private readonly url: URL;
  private readonly webhook: Webhook;
  private readonly clock: Clock;

  constructor({ url, secret, clock = new Clock() }: HttpDialerOptions) {
    super();
    this.url = new URL(url);
    this.webhook = new Webhook(secret);
    this.clock = clock;
  }

  async place(call: OutboundCall, signal: AbortSignal): Promise<PlacedCall> {
    const body = stringifyExactly(call);
    const request = (): RequestInit => ({
      method: 'POST',
      body,
      headers: {
        ...this.sign(call.callId, body),
        'Content-Type': 'application/json',
        'Idempotency-Key': call.callId,
      },
    });
    try {
      return toPlacedCall(await exchangePatiently(this.url, request, signal));
    } catch (error) {
      if (error instanceof NotSentError) return callEnd('carrier_error', { errorCode: error.code });
      throw error;
    }
  }

  /**
   * Asks the call service under the id of the call.
   *
   * @throws Error  it does not answer, or not as agreed
   */
  override async lookUp({ callId }: UnsettledCall, signal: AbortSignal): Promise<CallLookUp> {
    const url = new URL(this.url);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${callId}`;
    const { status, text } = await exchangePatiently(url, () => ({ headers: this.sign(callId, '') }), signal);
    if (status === 404) return null;
    const body = toJson(text);
    if (status === 200 && isObject(body) && body.status === 'in_progress') return 'in_progress';
    const end = status === 200 ? readEnd(body) : null;
    if (!end) throw unclear(status);
    return end;
  }

  /** Headers of the Standard Webhooks specification, version 1. */
  private sign(callId: string, body: string): Record<string, string> {
    const now = this.clock.now();
    return {
      Accept: 'application/json',
      'webhook-id': callId,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': this.webhook.sign(callId, now, body),
    };
  }
}

const toPlacedCall = ({ status, text }: HttpAnswer): PlacedCall => {
  const body = toJson(text);
  if (status === 202) return { outcome: null, ...readPlace(body) };
  if (status >= 300 && status < 500 && status !== CONFLICT) return toRefused(status, body);
  const end = status === 200 ? readEnd(body) : null;
  if (!end) throw unclear(status);
  return end;
};

/** The call was certainly not placed. @throws DialerRefusal  nor will any other of the batch */
const toRefused = (status: number, body: unknown): CallEnd => {
  const end = readEnd(body);
  if (end) return end;
  const code = readCode(body);
  if (code === 'agent_not_found') throw new DialerRefusal('agent_not_found', 'the call service has no such agent');
  // With a code of its own, a 404 is what the call service says of the call.
  const isOfAddress = code === null || status === 401;
  const why = code === 'dialer_misconfigured' ? 'the call service says so' : isOfAddress && MISCONFIGURED[status];
  if (why) throw new DialerRefusal('dialer_misconfigured', `http_${status}: ${why}`);
  return callEnd('carrier_error', { errorCode: `http_${status}`, reason: code });
};

const unclear = (status: number): UnclearAnswerError =>
  new UnclearAnswerError(`The call service answered ${status}, which does not tell what became of the call`);
