/** In `npm run test:long`, where tests that try many cases try more of them. */
export const isLongRun = 'isLongRun' in globalThis;
