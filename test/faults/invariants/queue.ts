import type { Evidence } from '../evidence.js';

// Bull keeps whole milliseconds, and the reconciler lets what is within a second pass.
const TOLERANCE_MS = 1_000;

/** After quiescence the delayed set is the scheduled rows; and at no time did Redis know more than PostgreSQL. */
export function queueViolations({ scheduled, delayed, ahead }: Evidence): string[] {
  const violations = ahead.map((seen) => `Redis was ahead of PostgreSQL: ${seen}`);
  const unwanted = new Map(delayed);
  for (const { id, revision, startsAt } of scheduled) {
    const queueJobId = `${id}.r${revision}`;
    const firesAt = unwanted.get(queueJobId);
    unwanted.delete(queueJobId);
    if (firesAt === undefined) violations.push(`${queueJobId} has no wake-up`);
    else if (Math.abs(firesAt - startsAt) > TOLERANCE_MS)
      violations.push(`${queueJobId} fires ${firesAt - startsAt} ms after its time`);
  }
  for (const queueJobId of unwanted.keys()) violations.push(`no row wants the wake-up ${queueJobId}`);
  return violations;
}
