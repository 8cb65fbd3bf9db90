import type { RequestClient } from 'twilio';
import type { Permission } from '../dialer.js';
import { exchange, toJson, type HttpAnswer } from './http-exchange.js';

type Request = Parameters<RequestClient['request']>[0];
type Answer = Awaited<ReturnType<RequestClient['request']>>;

/**
 * Carries one request of the official client: to another base URL where one is set, given up when the signal rises, and
 * sent once.
 *
 * The client's own carrier (6.2) knows no signal and no permission, loses a part of long host names, and with
 * `autoRetry` repeats a request that may have placed a call.
 */
export class TwilioTransport {
  /** What was answered, of which the client's errors keep a part only. Null until then. */
  answer: HttpAnswer | null = null;

  /**
   * @param apiUrl in the place of `https://api.twilio.com`; null: as the client says
   * @param isPermitted asked before it is sent; absent: it is
   */
  constructor(
    private readonly apiUrl: string | null,
    private readonly signal: AbortSignal,
    private readonly isPermitted?: Permission,
  ) {}

  /** What the client takes as its `httpClient`. */
  get httpClient(): RequestClient {
    return { request: (request: Request) => this.request(request) } as unknown as RequestClient;
  }

  private async request({ method, uri, username, password, headers, params, data }: Request): Promise<Answer> {
    const url = this.addressOf(uri);
    if (params) url.search = toForm(params).toString();
    const body = data ? toForm(data).toString() : undefined;
    const sent = {
      method: method.toUpperCase(),
      headers: { ...(headers as Record<string, string>), Authorization: basic(username, password) },
      body,
    };
    this.answer = await exchange(url, sent, this.signal, this.isPermitted);
    const { status, headers: answered, text } = this.answer;
    return { statusCode: status, body: toJson(text) ?? text ?? '', headers: answered };
  }

  private addressOf(uri: string): URL {
    const asked = new URL(uri);
    if (this.apiUrl === null) return asked;
    const url = new URL(this.apiUrl);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${asked.pathname}`;
    return url;
  }
}

const basic = (username = '', password = ''): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** A list is given once for each of its values. */
const toForm = (fields: object): URLSearchParams => {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) form.append(name, String(one));
  }
  return form;
};
