/** RFC 3339 in UTC, as the API prints every time: `'2025-03-01T15:00:00Z'`; milliseconds only when they are not zero. */
export const toUtc = (instant: Date): string => instant.toISOString().replace('.000Z', 'Z');

/** The same, null staying null. */
export const toUtcOrNull = (instant: Date | null): string | null => instant && toUtc(instant);
