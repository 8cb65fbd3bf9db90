import { existsSync } from 'node:fs';
import { SETTING_DEFAULTS, TIME_RULES_CHANGES, type SettingsInput } from './shared/settings.js';

/** A variable of the environment: how it is read, and what a wrong one is told. */
interface Variable<T> {
  readonly name: string;
  /** @returns undefined for what is not allowed */
  readonly read: (text: string) => T | undefined;
  readonly allowed: string;
  readonly fallback?: T;
  /** What it means that it is not set. Absent: it must be set, or has a fallback. */
  readonly unset?: null;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const integer = (name: string, min: number, max: number, fallback?: number): Variable<number> => ({
  name,
  read: (text) => (/^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined),
  allowed: `a whole number from ${min} to ${max}`,
  fallback,
});

const optional = <T>(variable: Variable<T>): Variable<T | null> => ({ ...variable, unset: null });

const amount = (name: string, max: number, fallback: number): Variable<number> => ({
  name,
  read: (text) => (/^\d+(\.\d+)?$/.test(text) && Number(text) <= max ? Number(text) : undefined),
  allowed: `a number from 0 to ${max}`,
  fallback,
});

const url = (name: string, protocols: readonly string[]): Variable<string> => ({
  name,
  read: (text) => (URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : undefined),
  allowed: `an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
});

const text = (name: string, minLength: number, fallback?: string): Variable<string> => ({
  name,
  read: (given) => (given.length >= minLength ? given : undefined),
  allowed: `at least ${minLength} characters`,
  fallback,
});

const amounts = (name: string, max: number, fallback: readonly number[]): Variable<readonly number[]> => {
  const one = amount(name, max, 0);
  return {
    name,
    read: (given) => {
      const numbers = given.split(',').map((part) => one.read(part.trim()));
      return numbers.every((number) => number !== undefined) ? numbers : undefined;
    },
    allowed: `numbers from 0 to ${max} with commas between them`,
    fallback,
  };
};

const pattern = (name: string, form: RegExp, allowed: string): Variable<string> => ({
  name,
  read: (given) => (form.test(given) ? given : undefined),
  allowed,
});

/** Where somebody is sent to, or asked: without what could not be added to. */
const httpUrl = (name: string): Variable<string> => {
  const { read, allowed } = url(name, ['https:', 'http:']);
  return { name, read: (given) => (given.includes('#') ? undefined : read(given)), allowed };
};

/** Where we ask: `fetch` refuses an address with a user or a password, and each call would be of unknown outcome. */
const askedUrl = (name: string): Variable<string> => {
  const { read, allowed } = httpUrl(name);
  const hasCredentials = (given: string): boolean => new URL(given).username + new URL(given).password !== '';
  return {
    name,
    read: (given) => (read(given) === undefined || hasCredentials(given) ? undefined : given),
    allowed: `${allowed}, without user and password`,
  };
};

const oneOf = <T extends string>(name: string, values: readonly T[], fallback?: T): Variable<T> => ({
  name,
  read: (given) => values.find((value) => value === given),
  allowed: `one of ${values.join(', ')}`,
  fallback,
});

/** What can place calls. */
export const DIALERS = ['simulated', 'http', 'twilio'] as const;
export type DialerName = (typeof DIALERS)[number];

// Standard Webhooks: 24 to 64 bytes in base64 behind the prefix.
const WEBHOOK_SECRET_FORM =
  /^whsec_(?=[A-Za-z0-9+/]{32,86}={0,2}$)(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const webhookSecret = (name: string): Variable<string> =>
  pattern(name, WEBHOOK_SECRET_FORM, "'whsec_' and the base64 of 24 to 64 random bytes");

/** Every variable the service knows; `.env.example` lists the same. */
export const VARIABLES = {
  databaseUrl: url('DATABASE_URL', ['postgres:', 'postgresql:']),
  redisUrl: url('REDIS_URL', ['redis:', 'rediss:']),
  apiKeyPepper: text('API_KEY_PEPPER', 32),
  apiKeyPepperPrevious: optional(text('API_KEY_PEPPER_PREVIOUS', 32)),
  host: text('HOST', 1, '127.0.0.1'),
  port: integer('PORT', 0, 65_535, 3_000),
  apiDocs: oneOf('API_DOCS', ['on', 'off'], 'on'),
  metricsPort: optional(integer('METRICS_PORT', 1, 65_535)),
  logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
  databasePoolSize: integer('DATABASE_POOL_SIZE', 2, 1_000, SETTING_DEFAULTS.databasePoolSize),
  redisKeyPrefix: text('REDIS_KEY_PREFIX', 1, SETTING_DEFAULTS.redisKeyPrefix),
  rateLimitPerMinute: integer('RATE_LIMIT_PER_MINUTE', 1, 1_000_000, SETTING_DEFAULTS.rateLimitPerMinute),
  reportRateLimitPerMinute: integer(
    'REPORT_RATE_LIMIT_PER_MINUTE',
    1,
    10_000_000,
    SETTING_DEFAULTS.reportRateLimitPerMinute,
  ),
  maxScheduleDays: integer('MAX_SCHEDULE_DAYS', 1, 3_660, SETTING_DEFAULTS.maxScheduleDays),
  maxLateStartMinutes: integer('MAX_LATE_START_MINUTES', 0, 525_600, SETTING_DEFAULTS.maxLateStartMinutes),
  timeRulesChange: oneOf('TIME_RULES_CHANGE', TIME_RULES_CHANGES, SETTING_DEFAULTS.timeRulesChange),
  dialer: oneOf('DIALER', DIALERS),
  simulatedCallMs: integer('SIMULATED_CALL_MS', 0, 600_000, 1_500),
  publicUrl: optional(httpUrl('PUBLIC_URL')),
  httpDialerUrl: optional(askedUrl('HTTP_DIALER_URL')),
  httpDialerSecret: optional(webhookSecret('HTTP_DIALER_SECRET')),
  httpDialerSecretPrevious: optional(webhookSecret('HTTP_DIALER_SECRET_PREVIOUS')),
  twilioAccountSid: optional(pattern('TWILIO_ACCOUNT_SID', /^AC[0-9A-Fa-f]{32}$/, "'AC' and 32 hexadecimal digits")),
  twilioAuthToken: optional(text('TWILIO_AUTH_TOKEN', 32)),
  twilioAuthTokenPrevious: optional(text('TWILIO_AUTH_TOKEN_PREVIOUS', 32)),
  twilioTwimlUrl: optional(httpUrl('TWILIO_TWIML_URL')),
  twilioRingSeconds: integer('TWILIO_RING_SECONDS', 5, 600, 45),
  twilioApiUrl: optional(askedUrl('TWILIO_API_URL')),
  retryDelaysMinutes: amounts('RETRY_DELAYS_MINUTES', 10_080, SETTING_DEFAULTS.retryDelaysMinutes),
  callConcurrency: integer('CALL_CONCURRENCY', 1, 1_000, SETTING_DEFAULTS.callConcurrency),
  dialTimeoutSeconds: integer('DIAL_TIMEOUT_SECONDS', 1, 300, SETTING_DEFAULTS.dialTimeoutSeconds),
  maxCallMinutes: integer('MAX_CALL_MINUTES', 1, 1_440, SETTING_DEFAULTS.maxCallMinutes),
  historyKeptDays: optional(integer('HISTORY_KEPT_DAYS', 30, 36_600)),
  callsKeptDays: optional(integer('CALLS_KEPT_DAYS', 30, 36_600)),
  maxContacts: integer('MAX_CONTACTS', 1, 1_000_000, SETTING_DEFAULTS.maxContacts),
  maxUploadBytes: integer('MAX_UPLOAD_BYTES', 1_024, 1_073_741_824, SETTING_DEFAULTS.maxUploadBytes),
  maxUploadsPerKey: integer('MAX_UPLOADS_PER_KEY', 1, 10_000, SETTING_DEFAULTS.maxUploadsPerKey),
  maxUploads: integer('MAX_UPLOADS', 1, 10_000, SETTING_DEFAULTS.maxUploads),
  maxEventStreamsPerKey: integer('MAX_EVENT_STREAMS_PER_KEY', 1, 100_000, SETTING_DEFAULTS.maxEventStreamsPerKey),
  maxEventStreams: integer('MAX_EVENT_STREAMS', 1, 100_000, SETTING_DEFAULTS.maxEventStreams),
  averageCallMinutes: amount('AVERAGE_CALL_MINUTES', 1_440, SETTING_DEFAULTS.averageCallMinutes),
  costPerMinuteDollars: amount('COST_PER_MINUTE_DOLLARS', 1_000, SETTING_DEFAULTS.costPerMinuteDollars),
  dataDir: text('DATA_DIR', 1, '.data'),
} as const;

/** What each dialer cannot do without. */
const NEEDED = {
  simulated: [],
  http: ['httpDialerUrl', 'httpDialerSecret'],
  twilio: ['publicUrl', 'twilioAccountSid', 'twilioAuthToken', 'twilioTwimlUrl'],
} as const satisfies Record<DialerName, readonly (keyof typeof VARIABLES)[]>;

type Read<V> = V extends Variable<infer T> ? T : never;

/** What the process was told, complete and judged. */
export interface Environment extends Required<SettingsInput> {
  /** Address to listen on. @default '127.0.0.1' */
  readonly host: string;
  /** 0: any free one. @default 3000 */
  readonly port: number;
  /** Whether Swagger UI and the OpenAPI document are served at `/docs`. @default 'on' */
  readonly apiDocs: 'on' | 'off';
  /** Where a worker serves its metrics; null: nowhere. The API role serves them on its own port. @default null */
  readonly metricsPort: number | null;
  readonly logLevel: LogLevel;
  /** What places the calls. No default: a service that only pretends to call must be asked for. */
  readonly dialer: DialerName;
  /** How long a simulated call takes, on average. @default 1500 */
  readonly simulatedCallMs: number;
  /** Where callbacks reach the API. Null unless a dialer needs it. */
  readonly publicUrl: string | null;
  /** Where the call service takes calls, and the secret it shares with us. Null unless `dialer` is `'http'`. */
  readonly httpDialerUrl: string | null;
  readonly httpDialerSecret: string | null;
  /** The secret before, while the call service may know that only. @default null */
  readonly httpDialerSecretPrevious: string | null;
  /** The account that calls, and where Twilio asks what a call does. Null unless `dialer` is `'twilio'`. */
  readonly twilioAccountSid: string | null;
  readonly twilioAuthToken: string | null;
  /** The token before, while Twilio may still sign with it. @default null */
  readonly twilioAuthTokenPrevious: string | null;
  readonly twilioTwimlUrl: string | null;
  /** Longest ringing. @default 45 */
  readonly twilioRingSeconds: number;
  /** In the place of Twilio's own address. @default null */
  readonly twilioApiUrl: string | null;
  /** Where `npm start` keeps its embedded servers' data. @default '.data' */
  readonly dataDir: string;
}

/** The names of every variable at fault and what would be allowed there; never a value, which may be a secret. */
export class EnvironmentError extends Error {
  constructor(faults: readonly string[]) {
    super(`The environment is not complete:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/**
 * Reads the environment, and `.env` in the working directory, whose values give way to those of the environment.
 *
 * @param supplied what the process brings itself, such as the addresses of embedded servers
 * @throws EnvironmentError  names every variable that is missing or not allowed
 */
export function readEnvironment(supplied: Partial<Environment> = {}): Environment {
  const faults: string[] = [];
  const values = Object.entries(VARIABLES).map(([key, variable]: [string, Variable<unknown>]) => {
    const given = readVariable(variable.name);
    if (given === undefined) {
      const value = supplied[key as keyof Environment] ?? variable.fallback ?? variable.unset;
      if (value === undefined) faults.push(`${variable.name} is not set; it must be ${variable.allowed}.`);
      return [key, value];
    }
    const value = variable.read(given);
    if (value === undefined) faults.push(`${variable.name} must be ${variable.allowed}.`);
    return [key, value];
  });
  const environment = Object.fromEntries(values) as { [K in keyof typeof VARIABLES]: Read<(typeof VARIABLES)[K]> };
  faults.push(...missingFor(environment));
  if (faults.length > 0) throw new EnvironmentError(faults);
  return environment;
}

/** What the chosen dialer lacks. A wrong one is undefined here, and has its fault already. */
const missingFor = (environment: Partial<Environment>): string[] => {
  const { dialer } = environment;
  const missing = dialer ? NEEDED[dialer].filter((key) => environment[key] === null) : [];
  return missing.map((key) => {
    const { name, allowed } = VARIABLES[key];
    return `${name} is not set; with DIALER=${dialer} it must be ${allowed}.`;
  });
};

/** One variable as it is set; empty counts as not set. */
export const readVariable = (name: string): string | undefined => process.env[name] || undefined;

/** Adds `.env` to the environment; what is set already stays. */
export const loadEnvironmentFile = (): void => {
  if (existsSync('.env')) process.loadEnvFile('.env');
};
