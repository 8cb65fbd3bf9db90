/** In `npm run test:long`, where tests that try many cases try more of them. */
export const isLongRun = 'isLongRun' in globalThis;

/** How many random cases are tried: a tenth of those of the long run. */
export const runsOf = (inLongRun: number): number => (isLongRun ? inLongRun : Math.ceil(inLongRun / 10));
