import { randomBytes } from 'node:crypto';
import { HttpService, reply } from './http-service.js';

export const ACCOUNT_SID = `AC${'0'.repeat(32)}`;
export const AUTH_TOKEN = 'f'.repeat(32);

/** Speaks Twilio's REST API as far as it is documented for calls. */
export class TwilioService {
  /** The calls that were made, by their sid: what was asked for, and the status. */
  readonly calls = new Map<string, { readonly asked: URLSearchParams; status: string; duration: string | null }>();
  /** What creating a call is refused with; null: it is not. */
  refusal: { readonly status: number; readonly code?: number; readonly message?: string } | null = null;

  private constructor(readonly http: HttpService) {}

  static async start(): Promise<TwilioService> {
    const service = new TwilioService(await HttpService.start());
    service.behave();
    return service;
  }

  get url(): string {
    return this.http.url;
  }

  /** Answers as Twilio does, after a test has had it do something else. */
  behave(): void {
    this.http.answer = ({ method, path, headers, body }, response) => {
      const credentials = Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64');
      if (headers.authorization !== `Basic ${credentials}`) return refuse(response, { status: 401, code: 20003 });
      const [, sid] = /^\/2010-04-01\/Accounts\/AC0{32}\/Calls(?:\/(CA\w+))?\.json$/.exec(path) ?? [];
      if (method === 'GET') return this.show(sid ?? '', response);
      if (this.refusal) return refuse(response, this.refusal);
      const created = `CA${randomBytes(16).toString('hex')}`;
      this.calls.set(created, { asked: new URLSearchParams(body), status: 'queued', duration: null });
      return this.show(created, response, 201);
    };
  }

  private show(sid: string, response: Parameters<typeof reply>[0], status = 200): void {
    const call = this.calls.get(sid);
    if (!call) return refuse(response, { status: 404, code: 20404 });
    reply(response, status, { sid, account_sid: ACCOUNT_SID, status: call.status, duration: call.duration });
  }

  stop(): Promise<void> {
    return this.http.stop();
  }
}

const refuse = (response: Parameters<typeof reply>[0], refusal: NonNullable<TwilioService['refusal']>): void =>
  reply(response, refusal.status, { message: 'refused', more_info: '', ...refusal });
