/** How much may be asked for, and how long it may be: fields judge by it, and examples of refusals say it. */
export const BOUNDS = {
  /** Characters. */
  name: 200,
  description: 1_000,
  reason: 200,
  idempotencyKey: 255,
  concurrentCallLimit: 50,
  maxAttempts: 10,
  /** A page number above it is a mistake: more contacts than any batch may have, at one on a page. */
  page: 1_000_000,
  jobsOnPage: 100,
  contactsOnPage: 500,
  changesOnPage: 200,
} as const;

export const mustBeWhole = (min: number, max: number): string => `must be a whole number from ${min} to ${max}.`;

export const mustHaveCharacters = (max: number): string => `must have 1 to ${max} characters.`;
