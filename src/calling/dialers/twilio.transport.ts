import type { RequestClient } from 'twilio';
import { exchangePatiently, toJson } from './http-exchange.js';

type Request = Parameters<RequestClient['request']>[0];
type Answer = Awaited<ReturnType<RequestClient['request']>>;

/**
 * Carries what the official client asks for: to another base URL where one is set, given up when the signal rises, and
 * never sent twice by itself when it may have been received.
 *
 * The client's own carrier (6.2) knows no signal, loses a part of long host names, and with `autoRetry` repeats a
 * request that may have placed a call.
 */
export class TwilioTransport {
  /** @param apiUrl in the place of `https://api.twilio.com`; null: as the client says */
  constructor(
    private readonly apiUrl: string | null,
    private readonly signal: AbortSignal,
  ) {}

  /** What the client takes as its `httpClient`. */
  get httpClient(): RequestClient {
    return { request: (request: Request) => this.request(request) } as unknown as RequestClient;
  }

  private async request({ method, uri, username, password, headers, params, data }: Request): Promise<Answer> {
    const init = (): RequestInit => ({
      method: method.toUpperCase(),
      headers: { ...(headers as Record<string, string>), Authorization: basic(username, password) },
      body: data ? toForm(data) : undefined,
    });
    const url = this.addressOf(uri);
    if (params) url.search = toForm(params).toString();
    const answer = await exchangePatiently(url, init, this.signal);
    const body = toJson(answer.text) ?? answer.text ?? '';
    return { statusCode: answer.status, body, headers: Object.fromEntries(answer.headers) };
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
