import { Inject, Injectable, Optional } from '@nestjs/common';
import { CallOutcomes } from './call-outcomes.js';
import { Dialer } from './dialer.js';
import { TwilioDialer, type TwilioCallback } from './dialers/twilio.dialer.js';

/** Takes what Twilio reports of calls that it was given. */
@Injectable()
export class TwilioCallbacks {
  private readonly dialer: TwilioDialer | null;

  constructor(
    private readonly outcomes: CallOutcomes,
    @Optional() @Inject(Dialer) dialer?: Dialer,
  ) {
    this.dialer = dialer instanceof TwilioDialer ? dialer : null;
  }

  /** Whether calls are placed with Twilio here; nobody else has anything to report. */
  get areExpected(): boolean {
    return this.dialer !== null;
  }

  /**
   * Ends the call, when that is what the callback says. A repeated one, and one that comes late, change nothing.
   *
   * @param signature of the header `X-Twilio-Signature`; undefined without one
   * @throws invalid_signature  not sent by Twilio
   * @throws call_not_found     there is no such call
   * @throws unavailable        PostgreSQL cannot be reached; the call is looked up when its lease ends
   */
  async take(callId: string, signature: string | undefined, sent: TwilioCallback): Promise<void> {
    const end = await this.dialer?.readCallback(callId, signature, sent);
    if (end) await this.outcomes.record(callId, end);
  }
}
