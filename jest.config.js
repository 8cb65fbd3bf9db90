export const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // Relative imports end in `.js` and mean `.ts`; a package's own `.json.js` means itself.
  moduleNameMapper: { '^(\\.{1,2}/(?!.*\\.json\\.js$).*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

/** The servers that some layers need are started once per run, whichever of these layers runs. */
export const servers = {
  globalSetup: '<rootDir>/test/support/start-servers.js',
  globalTeardown: '<rootDir>/test/support/stop-servers.js',
};

export const common = {
  // V8 keeps what a file leaves behind; a worker that has grown beyond it begins anew.
  workerIdleMemoryLimit: '1GB',
  // On a machine that may be busy, beside another run. A test that is green takes none of it.
  testTimeout: 120_000,
  reporters: ['default', '<rootDir>/test/support/slowest.reporter.js'],
};

/** `npm test`. What takes long, or rests on real time, is in `*.long-spec.ts`: see `jest.long.config.js`. */
export default {
  ...common,
  // Most tests wait for servers: four workers use two cores well, where Jest would take one (cores - 1).
  maxWorkers: 4,
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    { ...base, displayName: 'model', testMatch: ['<rootDir>/test/**/*.model-spec.ts'] },
    { ...base, displayName: 'simulation', testMatch: ['<rootDir>/test/simulation/**/*.sim-spec.ts'] },
    { ...base, ...servers, displayName: 'integration', testMatch: ['<rootDir>/test/**/*.int-spec.ts'] },
    { ...base, ...servers, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
  ],
};
