import { afterEach, describe, expect, it } from '@jest/globals';
import type { ValueProvider } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import twilio from 'twilio';
import { HttpService } from '../test/support/http-service.js';
import { anOutboundCall } from '../test/support/outbound-call.js';
import { risesAfter } from '../test/support/rises-after.js';
import { Dialer } from './calling/dialer.js';
import type { TwilioDialer } from './calling/dialers/twilio.dialer.js';
import { dialerOf } from './dialer.choice.js';
import { DIALERS, readEnvironment, VARIABLES } from './env.js';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

const COMPLETE = {
  DATABASE_URL: 'postgres://user:password@localhost/jobs',
  REDIS_URL: 'redis://localhost',
  API_KEY_PEPPER: 'x'.repeat(32),
  PUBLIC_URL: 'https://jobs.example.com',
  HTTP_DIALER_URL: 'https://calls.example.com/calls',
  HTTP_DIALER_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'f'.repeat(32),
  TWILIO_TWIML_URL: 'https://voice.example.com/twiml',
};

describe('dialerOf', () => {
  it.each(DIALERS)('makes the dialer that DIALER=%s names', (name) => {
    for (const variable of Object.values(VARIABLES)) delete process.env[variable.name];
    Object.assign(process.env, COMPLETE, { DIALER: name });

    const { provide, useValue } = dialerOf(readEnvironment()) as ValueProvider<Dialer>;
    expect(provide).toBe(Dialer);
    expect(useValue.name).toBe(name);
  });

  it('gives the dialers the secrets of before', async () => {
    for (const variable of Object.values(VARIABLES)) delete process.env[variable.name];
    Object.assign(process.env, COMPLETE, { DIALER: 'twilio', TWILIO_AUTH_TOKEN_PREVIOUS: 'b'.repeat(32) });
    const { useValue } = dialerOf(readEnvironment()) as ValueProvider<TwilioDialer>;

    const fields = { CallStatus: 'completed' };
    const url = 'https://jobs.example.com/batch/calls/call_7/twilio';
    const signature = twilio.getExpectedTwilioSignature('b'.repeat(32), url, fields);
    expect(await useValue.readCallback('call_7', signature, fields)).toMatchObject({ outcome: 'answered' });
  });

  it('signs with the secret of before, too', async () => {
    const service = await HttpService.start();
    const previous = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    for (const variable of Object.values(VARIABLES)) delete process.env[variable.name];
    const changing = { DIALER: 'http', HTTP_DIALER_URL: service.url, HTTP_DIALER_SECRET_PREVIOUS: previous };
    Object.assign(process.env, COMPLETE, changing);
    const { useValue } = dialerOf(readEnvironment()) as ValueProvider<Dialer>;

    service.answerWith(202);
    await useValue.place(anOutboundCall(), risesAfter(10_000), async () => true);
    const [{ headers, body }] = service.received;
    expect(() => new Webhook(previous).verify(body, headers as Record<string, string>)).not.toThrow();
    await service.stop();
  });
});
