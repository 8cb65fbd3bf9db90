import type { Twilio } from 'twilio';
import type { CallEnd } from '../../batch-jobs/call.outcome.js';
import { callSnooze, type CallSnooze } from '../../batch-jobs/call.snooze.js';
import { Clock } from '../../shared/clock.js';
import {
  Dialer,
  type CallLookUp,
  type OutboundCall,
  type Permission,
  type PlacedCall,
  type UnsettledCall,
} from '../dialer.js';
import { NotSentError, UnansweredError, UnclearAnswerError, unsent, WithdrawnError } from './http-exchange.js';
import { InvalidSignatureError } from './invalid-signature.error.js';
import { readRetryAfter } from './retry-after.js';
import { ofRefusal } from './twilio.codes.js';
import { endOf, isOpen } from './twilio.outcomes.js';
import { TwilioTransport } from './twilio.transport.js';

export interface TwilioDialerOptions {
  /** `AC` and 32 hexadecimal digits. */
  readonly accountSid: string;
  /** Authenticates us to Twilio, and Twilio's callbacks to us. */
  readonly authToken: string;
  /**
   * The one before, with which Twilio signs until the other is promoted: callbacks are taken with either.
   * @default null
   */
  readonly previousAuthToken?: string | null;
  /** What a call does once it is answered: gets `callId`, `batchJobId`, `contactId` and `agentId` as query parameters. */
  readonly twimlUrl: string;
  /** Where Twilio reaches this service, a prefix of the routes included: `'https://jobs.example.com'`. */
  readonly publicUrl: string;
  /** In the place of `https://api.twilio.com`. @default null */
  readonly apiUrl?: string | null;
  /** Longest ringing, 5–600; Twilio adds about 5 s. @default 45 */
  readonly ringSeconds?: number;
  /** For what Twilio says of times. @default the clock of this process */
  readonly clock?: Clock;
}

// Twilio's own limit of a call, unless it is raised for the account (docs/voice/api/call-resource, read 2026-11).
const MAX_TIME_LIMIT_SECONDS = 14_400;

/** The fields of a status callback that are read. */
export type TwilioCallback = Readonly<Record<string, unknown>>;

/**
 * Places calls with Twilio, by its official client.
 *
 * Twilio has no idempotency key: a request that may have been received is never sent again, and a call whose answer
 * was lost can not be looked up. Its callback settles it, as that names the call by our id.
 */
export class TwilioDialer extends Dialer {
  readonly name = 'twilio';
  private readonly clock: Clock;

  constructor(private readonly options: TwilioDialerOptions) {
    super();
    this.clock = options.clock ?? new Clock();
  }

  async place(call: OutboundCall, signal: AbortSignal, isPermitted: Permission): Promise<PlacedCall> {
    const { fromPhoneNumber } = call;
    // Twilio asks for the number that calls, and a host application keeps it to itself.
    if (fromPhoneNumber === null) return callSnooze('dialer_misconfigured', { errorCode: 'from_phone_number_unknown' });
    const transport = new TwilioTransport(this.options.apiUrl ?? null, signal, isPermitted);
    try {
      const client = await this.clientOf(transport);
      const { sid } = await client.calls.create({
        to: call.toPhoneNumber,
        from: fromPhoneNumber,
        url: this.twimlUrlOf(call),
        statusCallback: this.callbackUrlOf(call.callId),
        timeLimit: Math.min(call.maxCallSeconds, MAX_TIME_LIMIT_SECONDS),
        timeout: this.options.ringSeconds ?? 45,
      });
      // Whatever else it says, it has answered that it has the call.
      return { outcome: null, providerCallId: textOf(sid), roomName: null };
    } catch (error) {
      return this.toNotPlaced(error, transport);
    }
  }

  /** By Twilio's id of the call; null while that is not known. @throws Error  Twilio does not answer, or nothing readable */
  override async lookUp({ providerCallId }: UnsettledCall, signal: AbortSignal): Promise<CallLookUp> {
    if (providerCallId === null) return null;
    const client = await this.clientOf(new TwilioTransport(this.options.apiUrl ?? null, signal));
    const call = await client
      .calls(providerCallId)
      .fetch()
      .catch((error: unknown) => {
        if (statusOf(error) === 404) return null;
        throw withoutItsText(error);
      });
    if (!call) return null;
    const status: unknown = call.status;
    if (typeof status !== 'string') throw unclear('without a status');
    const end = endOf({ status, durationSeconds: call.duration });
    if (!end && !isOpen(status)) throw unclear('a status that is not known');
    return end ?? 'in_progress';
  }

  /**
   * Reads a status callback. Each ends a call, says that it was accepted and not made, or that it goes on, which is
   * null.
   *
   * @param signature of the header `X-Twilio-Signature`; undefined without one
   * @throws invalid_signature  Twilio has not sent it, or not for this call
   */
  async readCallback(
    callId: string,
    signature: string | undefined,
    sent: TwilioCallback,
  ): Promise<CallEnd | CallSnooze | null> {
    const { authToken, previousAuthToken = null } = this.options;
    const { validateRequest } = await loadTwilio();
    const url = this.callbackUrlOf(callId);
    const isGenuine = [authToken, previousAuthToken].some(
      (token) => token !== null && signature && validateRequest(token, signature, url, { ...sent }),
    );
    if (!isGenuine) throw new InvalidSignatureError();
    const end = endOf({
      status: textOf(sent.CallStatus) ?? '',
      durationSeconds: textOf(sent.CallDuration),
      sipResponseCode: textOf(sent.SipResponseCode),
      errorCode: textOf(sent.ErrorCode),
    });
    return end && end.outcome !== 'snoozed' ? { ...end, providerCallId: textOf(sent.CallSid) } : end;
  }

  /**
   * An error that Twilio answered with, or that ended the request, as the end of the call.
   *
   * @throws what leaves it unknown
   */
  private toNotPlaced(error: unknown, { answer }: TwilioTransport): PlacedCall {
    if (!answer) return unsent(error);
    const { code } = error as { code?: unknown };
    // Below 500 it was certainly not made. What failed within Twilio may have placed the call before.
    if (answer.status < 300 || answer.status >= 500) throw withoutItsText(error);
    const ended = ofRefusal(answer.status, typeof code === 'number' ? code : null);
    const retryAfterMs = readRetryAfter(answer.headers['retry-after'], this.clock);
    return ended.outcome === 'snoozed' ? { ...ended, retryAfterMs } : ended;
  }

  /** A client for one request: only its carrier can be given up. */
  private async clientOf({ httpClient }: TwilioTransport): Promise<Twilio> {
    const { accountSid, authToken } = this.options;
    const { Twilio: Client } = await loadTwilio();
    return new Client(accountSid, authToken, { httpClient });
  }

  private twimlUrlOf({ callId, batchJobId, contactId, agentId }: OutboundCall): string {
    const url = new URL(this.options.twimlUrl);
    for (const [name, value] of Object.entries({ callId, batchJobId, contactId, agentId })) {
      url.searchParams.set(name, value);
    }
    return url.href;
  }

  private callbackUrlOf(callId: string): string {
    const url = new URL(this.options.publicUrl);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/batch/calls/${callId}/twilio`;
    return url.href;
  }
}

/** The client is loaded by its first use: a process with another dialer is spared it. */
const loadTwilio = async (): Promise<typeof import('twilio')> => (await import('twilio')).default;

/** Twilio's sentences name phone numbers, and what is thrown is logged. */
const withoutItsText = (error: unknown): Error => {
  if (error instanceof UnansweredError || error instanceof NotSentError || error instanceof WithdrawnError)
    return error;
  return unclear(String(statusOf(error) ?? 'what cannot be read'));
};

const unclear = (answered: string): Error =>
  new UnclearAnswerError(`Twilio answered ${answered}, which does not tell what became of the call`);

const statusOf = (error: unknown): number | undefined => {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' ? status : undefined;
};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
