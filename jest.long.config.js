import { base, common, servers } from './jest.config.js';

/** `npm run test:long`: every fault, the whole model, crashes and outages, and all that is judged by the clock. */
// oxlint-disable-next-line import/no-default-export -- Jest reads it
export default {
  ...common,
  // One for each core: what is judged by the clock must get its turn.
  maxWorkers: 2,
  // A failed test can leave a connection open, and Jest would then wait for ever instead of telling.
  forceExit: true,
  projects: [
    {
      ...base,
      ...servers,
      displayName: 'long',
      testMatch: [
        '<rootDir>/test/**/*.long-spec.ts',
        '<rootDir>/test/e2e/fuzz.e2e-spec.ts',
        '<rootDir>/test/e2e/http-dialer.e2e-spec.ts',
        '<rootDir>/test/simulation/start-protocol.sim-spec.ts',
      ],
      globals: { isLongRun: true },
      testPathIgnorePatterns: ['<rootDir>/test/faults/'],
    },
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'], globals: { isLongRun: true } },
    { ...base, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.long-spec.ts'] },
  ],
};
