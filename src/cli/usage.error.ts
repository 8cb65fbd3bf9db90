/** A command line that cannot be understood. */
export class UsageError extends Error {}

/** Whether the usage helps: of our own judgement, or of `parseArgs`. */
export const isUsageError = (error: unknown): boolean =>
  error instanceof UsageError || String((error as NodeJS.ErrnoException | null)?.code).startsWith('ERR_PARSE_ARGS');
