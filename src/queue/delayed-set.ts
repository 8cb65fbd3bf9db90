/** Bull's score of a delayed queue job: when it fires, in milliseconds, times this, and a counter in the low twelve bits. */
const SCORES_PER_MS = 4_096;

/** The score of the first queue job that fires at an instant. */
export const scoreAt = (instantMs: number): number => instantMs * SCORES_PER_MS;

/**
 * Reads Bull's delayed set.
 *
 * @param members as `ZRANGE … WITHSCORES` gives them: an id, its score, the next id, …
 * @returns when each queue job fires, in milliseconds since 1970, by its id
 */
export function firingTimesOf(members: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (let at = 0; at < members.length; at += 2) {
    times.set(members[at], Math.floor(Number(members[at + 1]) / SCORES_PER_MS));
  }
  return times;
}
