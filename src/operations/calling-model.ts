/** How calls go, on the average. Times in minutes. */
export interface CallPattern {
  /** Share of calls after which the contact is called again while attempts are left, 0–1. */
  readonly retryShare: number;
  readonly maxAttempts: number;
  /** Before the second call, the third, …; the last repeats. */
  readonly retryDelays: readonly number[];
  readonly callLength: number;
}

/** Contacts whose next call ends at about the same time. */
export interface Wave {
  readonly contacts: number;
  /** From now. */
  readonly endsIn: number;
  /** Calls that they will have had by then. */
  readonly attempts: number;
}

// With 1 nobody would ever be reached, and the logarithm of 0 is of no use.
const MAX_RETRY_SHARE = 0.99;
// Finer ones change nothing that could be seen in minutes.
const MOST_WAVES = 100;
// Enough to settle: each round adds only what the last one has made longer.
const ROUNDS = 30;

const delayAfter = (attempts: number, { retryDelays }: CallPattern): number =>
  retryDelays[Math.min(attempts, retryDelays.length) - 1];

/** Calls to be expected of a contact after one, with so many attempts left. */
export const expectedRetries = (attemptsLeft: number, { retryShare }: CallPattern): number => {
  let calls = 0;
  for (let left = attemptsLeft, share = retryShare; left > 0; left -= 1, share *= retryShare) calls += share;
  return calls;
};

/**
 * Until the last contact has ended, on the average.
 *
 * Nobody waits for a slot here: what slots allow is in the waves. Each contact's calls are independent, so the chance
 * that all have ended by a time is a product, of which the sum of the logarithms is kept; the mean is the area above
 * it.
 */
export const expectedEnd = (waves: readonly Wave[], pattern: CallPattern): number => {
  const certain = Math.max(0, ...waves.map(({ endsIn }) => endsIn));
  let [end, now, chance] = [certain, certain, 0];
  for (const { at, change } of waves.flatMap((wave) => changesOf(wave, pattern)).toSorted((a, b) => a.at - b.at)) {
    if (at > now) {
      end += (at - now) * (1 - Math.exp(chance));
      now = at;
    }
    chance += change;
  }
  return end;
};

/** By how much the logarithm of the chance that all of them have ended grows with each call. */
const changesOf = ({ contacts, endsIn, attempts }: Wave, pattern: CallPattern): { at: number; change: number }[] => {
  const retryShare = Math.min(pattern.retryShare, MAX_RETRY_SHARE);
  const changes: { at: number; change: number }[] = [];
  let [at, unended, before] = [endsIn, 1, 0];
  for (let made = attempts; ; made += 1) {
    unended *= retryShare;
    const isLast = made >= pattern.maxAttempts;
    const after = isLast ? 0 : contacts * Math.log1p(-unended);
    changes.push({ at, change: after - before });
    if (isLast) return changes;
    before = after;
    at += delayAfter(made, pattern) + pattern.callLength;
  }
};

/**
 * Until everybody who was never called has had a first call. Due retries come first: the longer it takes, the more of
 * them are among the calls made meanwhile.
 *
 * @param lengthOf so many calls, in minutes
 * @param alreadyDue retries of others that are due within so many minutes
 */
export const firstCallsEnd = (
  contacts: number,
  pattern: CallPattern,
  lengthOf: (calls: number) => number,
  alreadyDue: (within: number) => number = () => 0,
): number => {
  let end = lengthOf(contacts);
  for (let round = 0; round < ROUNDS && end > 0; round += 1) {
    let [calls, share, later] = [1, 1, 0];
    for (let attempts = 1; attempts < pattern.maxAttempts; attempts += 1) {
      share *= pattern.retryShare;
      later += delayAfter(attempts, pattern) + pattern.callLength;
      calls += share * Math.max(0, 1 - later / end);
    }
    end = lengthOf(contacts * calls + alreadyDue(end));
  }
  return end;
};

/** First calls, one after the other until a time. */
export const firstCalls = (contacts: number, end: number): Wave[] => {
  const waves = Math.min(Math.ceil(contacts), MOST_WAVES);
  return Array.from({ length: waves }, (_, wave) => ({
    contacts: contacts / waves,
    endsIn: (end * (wave + 1)) / waves,
    attempts: 1,
  }));
};
