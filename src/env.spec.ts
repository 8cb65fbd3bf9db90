import { afterEach, describe, expect, it } from '@jest/globals';
import { EnvironmentError, readEnvironment, VARIABLES } from './env.js';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

/** Only these variables of ours are set. */
const set = (variables: Readonly<Record<string, string>>): void => {
  for (const { name } of Object.values(VARIABLES)) delete process.env[name];
  Object.assign(process.env, variables);
};

const REQUIRED = {
  DATABASE_URL: 'postgres://user:password@localhost/jobs',
  REDIS_URL: 'redis://localhost',
  API_KEY_PEPPER: 'x'.repeat(32),
  DIALER: 'simulated',
};

const faultsOf = (variables: Readonly<Record<string, string>>): string => {
  set(variables);
  try {
    readEnvironment();
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentError);
    return (error as Error).message;
  }
};

describe('readEnvironment', () => {
  it('fills in the defaults', () => {
    set(REQUIRED);
    expect(readEnvironment()).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      maxContacts: 10_000,
      maxLateStartMinutes: 60,
      metricsPort: null,
    });
  });

  it('names every variable that is missing, at once', () => {
    const faults = faultsOf({});
    expect(faults).toContain('DATABASE_URL is not set');
    expect(faults).toContain('REDIS_URL is not set');
    expect(faults).toContain('API_KEY_PEPPER is not set');
    expect(faults).toContain('DIALER is not set; it must be one of simulated');
  });

  it.each([
    ['PORT', '70000', 'a whole number from 0 to 65535'],
    ['PORT', '3e3', 'a whole number'],
    ['METRICS_PORT', '0', 'a whole number from 1 to 65535'],
    ['PORT', '-1', 'a whole number'],
    ['REDIS_URL', 'http://localhost', 'redis://host'],
    ['DATABASE_POOLER', 'session', 'one of none, transaction'],
    ['DATABASE_URL', 'not an address', 'postgres:// or postgresql://'],
    ['API_KEY_PEPPER', 'too-short-secret', 'at least 32 characters'],
    ['LOG_LEVEL', 'loud', 'one of fatal, error'],
    ['AVERAGE_CALL_MINUTES', '2,5', 'a number from 0 to 1440'],
    ['RETRY_DELAYS_MINUTES', '5;30', 'numbers from 0 to 10080 with commas between them'],
    ['DIALER', 'pigeon', 'one of simulated'],
    ['MAX_CONTACTS', '0', 'a whole number from 1 to 1000000'],
  ])('refuses %s=%s, says what would be allowed, and does not repeat the value', (name, value, allowed) => {
    const faults = faultsOf({ ...REQUIRED, [name]: value });
    expect(faults).toContain(`${name} must be`);
    expect(faults).toContain(allowed);
    expect(faults).not.toContain(value.length > 4 ? value : 'impossible');
  });

  describe('with a dialer', () => {
    const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const NEEDED = {
      simulated: {},
      http: { HTTP_DIALER_URL: 'https://calls.example.com/calls', HTTP_DIALER_SECRET: SECRET },
      twilio: {
        PUBLIC_URL: 'https://jobs.example.com',
        TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
        TWILIO_AUTH_TOKEN: 'f'.repeat(32),
        TWILIO_TWIML_URL: 'https://voice.example.com/twiml?version=2',
      },
    };
    const DIALERS = Object.keys(NEEDED) as (keyof typeof NEEDED)[];

    it.each(DIALERS)('%s: takes what it needs, and needs nothing of another', (dialer) => {
      expect(faultsOf({ ...REQUIRED, ...NEEDED[dialer], DIALER: dialer })).toBe('');
      set({ ...REQUIRED, ...NEEDED[dialer], DIALER: dialer });
      expect(readEnvironment()).toMatchObject({ dialer, twilioRingSeconds: 45, twilioApiUrl: null });
    });

    it.each(DIALERS)('%s: names everything that is missing, at once', (dialer) => {
      const faults = faultsOf({ ...REQUIRED, DIALER: dialer });
      const missing = [...faults.matchAll(/(\w+) is not set; with DIALER=(\w+) it must be/g)];
      expect(missing.map(([, name]) => name).toSorted()).toEqual(Object.keys(NEEDED[dialer]).toSorted());
      expect(missing.every(([, , named]) => named === dialer)).toBe(true);
    });

    it.each([
      ['DIALER', 'carrier-pigeon', 'one of simulated, http, twilio'],
      ['HTTP_DIALER_URL', 'calls.example.com', 'https:// or http://'],
      ['HTTP_DIALER_URL', 'https://calls.example.com/#calls', 'https:// or http://'],
      ['HTTP_DIALER_URL', 'https://user:password@calls.example.com/', 'without user and password'],
      ['HTTP_DIALER_URL', 'https://user@calls.example.com/', 'without user and password'],
      ['HTTP_DIALER_URL', 'https://:password@calls.example.com/', 'without user and password'],
      ['TWILIO_API_URL', 'https://user:password@proxy.example.com/', 'without user and password'],
      [
        'HTTP_DIALER_SECRET',
        'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0',
        "'whsec_' and the base64 of 24 to 64 random bytes",
      ],
      ['HTTP_DIALER_SECRET', 'whsec_dG9vIHNob3J0', "'whsec_' and the base64"],
      ['HTTP_DIALER_SECRET_PREVIOUS', 'whsec_dG9vIHNob3J0', "'whsec_' and the base64"],
      ['TWILIO_AUTH_TOKEN_PREVIOUS', 'not-long-enough', 'at least 32 characters'],
      ['HTTP_DIALER_SECRET', `${SECRET}!`, "'whsec_' and the base64"],
      ['HTTP_DIALER_SECRET', `whsec_${Buffer.alloc(65, 7).toString('base64')}`, "'whsec_' and the base64"],
      ['TWILIO_ACCOUNT_SID', 'SK00000000000000000000000000000000', "'AC' and 32 hexadecimal digits"],
      ['TWILIO_ACCOUNT_SID', `ac${'0'.repeat(32)}`, "'AC' and 32 hexadecimal digits"],
      ['TWILIO_AUTH_TOKEN', 'not-long-enough', 'at least 32 characters'],
      ['TWILIO_TWIML_URL', 'ftp://voice.example.com', 'https:// or http://'],
      ['TWILIO_RING_SECONDS', '601', 'a whole number from 5 to 600'],
      ['PUBLIC_URL', 'jobs.example.com', 'https:// or http://'],
    ])('refuses %s=%s once, says what would be allowed, and does not repeat the value', (name, value, allowed) => {
      const faults = faultsOf({ ...REQUIRED, ...NEEDED.http, ...NEEDED.twilio, DIALER: 'twilio', [name]: value });
      expect(faults.split('\n')).toHaveLength(2);
      expect(faults).toMatch(new RegExp(`${name} must be .*${allowed}`));
      expect(faults).not.toContain(value);
    });

    it.each([24, 32, 64])('takes a secret of %i bytes', (bytes) => {
      const secret = `whsec_${Buffer.alloc(bytes, 255).toString('base64')}`;
      expect(faultsOf({ ...REQUIRED, ...NEEDED.http, DIALER: 'http', HTTP_DIALER_SECRET: secret })).toBe('');
    });
  });

  it('reads numbers with commas between them', () => {
    set({ ...REQUIRED, RETRY_DELAYS_MINUTES: '0, 0.5,90' });
    expect(readEnvironment().retryDelaysMinutes).toEqual([0, 0.5, 90]);
  });

  it('takes an empty variable for one that is not set', () => {
    set({ ...REQUIRED, PORT: '' });
    expect(readEnvironment().port).toBe(3_000);
  });

  it('prefers the environment to what the process brings', () => {
    set({ API_KEY_PEPPER: REQUIRED.API_KEY_PEPPER, REDIS_URL: 'redis://named' });
    const environment = readEnvironment({
      databaseUrl: 'postgres://brought',
      redisUrl: 'redis://brought',
      dialer: 'simulated',
    });
    expect(environment).toMatchObject({ databaseUrl: 'postgres://brought', redisUrl: 'redis://named' });
  });
});
