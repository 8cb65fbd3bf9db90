import config from './jest.config.js';

const e2e = config.projects.find(({ displayName }) => displayName === 'e2e');

/** `npm run test:browser`: apart from `npm test`, which needs no browser. */
// oxlint-disable-next-line import/no-default-export -- Jest reads it
export default { ...e2e, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.browser-spec.ts'] };
