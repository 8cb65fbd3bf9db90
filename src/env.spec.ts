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
    ['REDIS_URL', 'http://localhost', 'redis:// or rediss://'],
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
