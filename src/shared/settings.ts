/** What becomes of schedules that mean another instant by newer zone rules. */
export const TIME_RULES_CHANGES = ['move', 'report'] as const;
type TimeRulesChange = (typeof TIME_RULES_CHANGES)[number];

/** Everything that can be set, as the services use it. */
export interface Settings {
  /** `postgres://user:password@host:5432/database`. Its tables live in the first schema of the search path. */
  readonly databaseUrl: string;
  /** Most PostgreSQL sessions of this process, at least 2. @default 10 */
  readonly databasePoolSize: number;
  /** `redis://` or `rediss://user:password@host:6379/0`. */
  readonly redisUrl: string;
  /** Before every key in Redis; the braces keep all keys of one queue in one slot of a cluster. @default '{batch-jobs}' */
  readonly redisKeyPrefix: string;
  /** Secret under which API keys are hashed, at least 32 characters. A new one alone makes every key invalid. */
  readonly apiKeyPepper: string;
  /** The secret before it, or the one to come: keys under either are valid. Null: there is none. @default null */
  readonly apiKeyPepperPrevious: string | null;
  /** Requests of one key within a minute. @default 300 */
  readonly rateLimitPerMinute: number;
  /** The same of a key that may only report outcomes. @default 30_000 (500 calls a second: `bench/`) */
  readonly reportRateLimitPerMinute: number;
  /** Farthest a start may lie ahead. @default 366 */
  readonly maxScheduleDays: number;
  /** A start later than this is marked missed instead of calling at the wrong hour; 0: any lateness is fine. @default 60 */
  readonly maxLateStartMinutes: number;
  /** When zone rules changed: `move` keeps the wall time of a start, `report` logs what would move, and moves nothing. @default 'move' */
  readonly timeRulesChange: TimeRulesChange;
  /** Minutes before the second call to a contact, the third, …; the last repeats. @default [5, 30, 60] */
  readonly retryDelaysMinutes: readonly number[];
  /** Calls that one worker hands to the dialer at one time; the limits of calls in flight are others. @default 50 */
  readonly callConcurrency: number;
  /** Longest that the dialer may take to place a call. @default 30 */
  readonly dialTimeoutSeconds: number;
  /** Longest call. A call without an outcome by then is looked up, and has an unknown one otherwise. @default 60 */
  readonly maxCallMinutes: number;
  /** Days that changes, and calls of ended batches, are kept. Null: for ever. @default null */
  readonly historyKeptDays: number | null;
  readonly callsKeptDays: number | null;
  /** Most contacts of one batch. @default 10_000 */
  readonly maxContacts: number;
  /** Largest body, a CSV file included. @default 10_485_760 (10 MB) */
  readonly maxUploadBytes: number;
  /** Requests that create a batch at one time, of one key; and of all keys in this process. @default 50 and 100 */
  readonly maxUploadsPerKey: number;
  readonly maxUploads: number;
  /** Streams of events open at one time, of one key; and of all keys in this process. @default 100 and 1_000 */
  readonly maxEventStreamsPerKey: number;
  readonly maxEventStreams: number;
  /** For estimates only. @default 2 (the vendor's public figure, read 2026-11) */
  readonly averageCallMinutes: number;
  /** For estimates only. @default 0.0175 (the vendor's $0.035 for a call of two minutes, read 2026-11) */
  readonly costPerMinuteDollars: number;
}

export const SETTING_DEFAULTS = {
  databasePoolSize: 10,
  redisKeyPrefix: '{batch-jobs}',
  apiKeyPepperPrevious: null,
  rateLimitPerMinute: 300,
  reportRateLimitPerMinute: 30_000,
  maxScheduleDays: 366,
  maxLateStartMinutes: 60,
  timeRulesChange: 'move',
  retryDelaysMinutes: [5, 30, 60],
  callConcurrency: 50,
  dialTimeoutSeconds: 30,
  maxCallMinutes: 60,
  historyKeptDays: null,
  callsKeptDays: null,
  maxContacts: 10_000,
  maxUploadBytes: 10 * 1024 * 1024,
  maxUploadsPerKey: 50,
  maxUploads: 100,
  maxEventStreamsPerKey: 100,
  maxEventStreams: 1_000,
  averageCallMinutes: 2,
  costPerMinuteDollars: 0.0175,
} as const satisfies Partial<Settings>;

/** Settings as they are given: those with a default may be left out. */
export type SettingsInput = Omit<Settings, keyof typeof SETTING_DEFAULTS> &
  Partial<Pick<Settings, keyof typeof SETTING_DEFAULTS>>;

/** Injection token of the complete `Settings`. */
export const SETTINGS = Symbol('batch-jobs settings');

/** Undefined counts as left out. */
export const withDefaults = (given: SettingsInput): Settings => ({
  ...SETTING_DEFAULTS,
  ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as SettingsInput),
});
