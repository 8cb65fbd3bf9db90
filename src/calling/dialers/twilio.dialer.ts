import type { Twilio } from 'twilio';
import { callEnd, type CallEnd } from '../../batch-jobs/call.outcome.js';
import {
  Dialer,
  DialerRefusal,
  type CallLookUp,
  type OutboundCall,
  type PlacedCall,
  type UnsettledCall,
} from '../dialer.js';
import { NotSentError, UnansweredError, UnclearAnswerError } from './http-exchange.js';
import { InvalidSignatureError } from './invalid-signature.error.js';
import { endOf, endOfRefused, isOpen } from './twilio.outcomes.js';
import { TwilioTransport } from './twilio.transport.js';

export interface TwilioDialerOptions {
  /** `AC` and 32 hexadecimal digits. */
  readonly accountSid: string;
  /** Authenticates us to Twilio, and Twilio's callbacks to us. */
  readonly authToken: string;
  /** What a call does once it is answered: gets `callId`, `batchJobId`, `contactId` and `agentId` as query parameters. */
  readonly twimlUrl: string;
  /** Where Twilio reaches this service, a prefix of the routes included: `'https://jobs.example.com'`. */
  readonly publicUrl: string;
  /** In the place of `https://api.twilio.com`. @default null */
  readonly apiUrl?: string | null;
  /** Longest ringing, 5–600; Twilio adds about 5 s. @default 45 */
  readonly ringSeconds?: number;
}

// Twilio's own limit of a call, unless it is raised for the account (docs/voice/api/call-resource, read 2026-11).
const MAX_TIME_LIMIT_SECONDS = 14_400;

/** Twilio's codes of faults that every call of the batch has: account, credentials, the number that calls, the address. */
const MISCONFIGURED: Readonly<Record<number, string>> = {
  20003: 'Twilio does not accept the credentials',
  20005: 'the Twilio account is not active',
  20404: 'Twilio knows no such account',
  21205: 'Twilio does not accept the TwiML address',
  21210: 'the number that calls is not verified with the Twilio account',
  21212: 'Twilio does not accept the number that calls',
};

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

  constructor(private readonly options: TwilioDialerOptions) {
    super();
  }

  async place(call: OutboundCall, signal: AbortSignal): Promise<PlacedCall> {
    const { fromPhoneNumber } = call;
    if (fromPhoneNumber === null)
      throw misconfigured('the number that calls is not known here, and Twilio asks for it');
    try {
      const client = await this.connect(signal);
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
      return toEnd(error);
    }
  }

  /** By Twilio's id of the call; null while that is not known. @throws Error  Twilio does not answer, or nothing readable */
  override async lookUp({ providerCallId }: UnsettledCall, signal: AbortSignal): Promise<CallLookUp> {
    if (providerCallId === null) return null;
    const client = await this.connect(signal);
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
   * Reads a status callback. Each ends a call, or says that it goes on, which is null.
   *
   * @param signature of the header `X-Twilio-Signature`; undefined without one
   * @throws invalid_signature  Twilio has not sent it, or not for this call
   */
  async readCallback(callId: string, signature: string | undefined, sent: TwilioCallback): Promise<CallEnd | null> {
    const { validateRequest } = await loadTwilio();
    const url = this.callbackUrlOf(callId);
    const isGenuine = signature && validateRequest(this.options.authToken, signature, url, { ...sent });
    if (!isGenuine) throw new InvalidSignatureError();
    const end = endOf({
      status: textOf(sent.CallStatus) ?? '',
      durationSeconds: textOf(sent.CallDuration),
      sipResponseCode: textOf(sent.SipResponseCode),
      errorCode: textOf(sent.ErrorCode),
    });
    return end && { ...end, providerCallId: textOf(sent.CallSid) };
  }

  /** A client for one request: only its carrier can be given up. */
  private async connect(signal: AbortSignal): Promise<Twilio> {
    const { accountSid, authToken, apiUrl = null } = this.options;
    const { Twilio: Client } = await loadTwilio();
    return new Client(accountSid, authToken, { httpClient: new TwilioTransport(apiUrl, signal).httpClient });
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

/** An error that Twilio answered with, or that ended the request, as the end of the call. @throws what leaves it unknown */
const toEnd = (error: unknown): CallEnd => {
  if (error instanceof NotSentError) return callEnd('carrier_error', { errorCode: error.code });
  const status = statusOf(error);
  if (status === undefined) throw withoutItsText(error);
  const { code } = error as { code?: unknown };
  // With a code of its own below 500, Twilio itself has refused. Without one, somebody on the way has answered; and what
  // failed within Twilio may have placed the call before.
  if (typeof code === 'number' && status < 500) {
    const why = MISCONFIGURED[code] ?? (status === 401 ? MISCONFIGURED[20003] : undefined);
    if (why) throw misconfigured(`${code}: ${why}`);
    return endOfRefused(code);
  }
  if (status === 401) throw misconfigured(`http_401: ${MISCONFIGURED[20003]}`);
  if (status >= 300 && status < 500) return callEnd('carrier_error', { errorCode: `http_${status}` });
  throw withoutItsText(error);
};

/** Twilio's sentences name phone numbers, and what is thrown is logged. */
const withoutItsText = (error: unknown): Error => {
  if (error instanceof UnansweredError || error instanceof NotSentError) return error;
  return unclear(String(statusOf(error) ?? 'what cannot be read'));
};

const unclear = (answered: string): Error =>
  new UnclearAnswerError(`Twilio answered ${answered}, which does not tell what became of the call`);

const misconfigured = (why: string): DialerRefusal => new DialerRefusal('dialer_misconfigured', why);

const statusOf = (error: unknown): number | undefined => {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' ? status : undefined;
};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
