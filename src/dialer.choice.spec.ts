import { afterEach, describe, expect, it } from '@jest/globals';
import type { ValueProvider } from '@nestjs/common';
import { Dialer } from './calling/dialer.js';
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
});
