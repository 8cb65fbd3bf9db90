import { defineConfig } from 'oxlint';
import { ROOMS } from './scripts/rooms.js';

/** Packages that only some files may say, and why. */
const GUARDED = [
  { name: 'moment-timezone', message: 'Zone rules are read in scheduling/zone-rules.ts only.' },
  { name: 'date-fns', message: 'Times are parsed in scheduling/start-time.grammar.ts, by date-fns-tz.' },
  {
    name: 'date-fns-tz',
    message: "Times are parsed in scheduling/start-time.grammar.ts; formatting asks the process's own zone.",
  },
];

const BULL = ['bull', '@nestjs/bull'].map((name) => ({
  name,
  message: 'The queue library is known to the room queue/ only.',
}));

/** For every room but api/. */
const NO_HTTP = {
  name: '@nestjs/common',
  importNames: [
    'HttpException',
    'BadRequestException',
    'NotFoundException',
    'ForbiddenException',
    'UnauthorizedException',
  ],
  message: 'The core throws DomainError; api/http/error-status.ts says what it means in HTTP.',
};

const restricted = (paths, patterns = []) => ({ 'no-restricted-imports': ['error', { paths, patterns }] });

/** What a room may not import: all that scripts/rooms.js does not list. */
const roomOverride = (room) => {
  const others = Object.keys(ROOMS).filter((other) => ![room, '.', ...ROOMS[room].imports].includes(other));
  const paths = [...GUARDED, ...(room === 'queue' ? [] : BULL), ...(room === 'api' ? [] : [NO_HTTP])];
  const group = others.map((other) => `**/${other}/**/*.js`);
  const message = `scripts/rooms.js says what ${room}/ may import. See docs/architecture.md.`;
  return { files: [`src/${room}/**`], rules: restricted(paths, group.length > 0 ? [{ group, message }] : []) };
};

const forgets = (property, when) => ({
  object: 'AbortSignal',
  property,
  message: `It ${when} once garbage was collected (Node.js 20). Use withDeadline of shared/deadline.ts.`,
});

export default defineConfig({
  plugins: ['typescript', 'import', 'node', 'jest', 'unicorn', 'promise'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['dist', '.data'],
  rules: {
    'max-lines': ['error', { max: 300, skipBlankLines: false }],
    'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': 'off',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'import/no-unassigned-import': 'off',
    'typescript/no-extraneous-class': 'off',
    'node/no-process-env': 'error',
    'no-lone-blocks': 'error',
    'no-restricted-globals': [
      'error',
      { name: 'Date', message: 'Read the time from Clock; parse and format it in TimezoneService.' },
    ],
    'no-restricted-properties': [
      'error',
      forgets('any', 'forgets its sources'),
      forgets('timeout', 'may be forgotten'),
    ],
    ...restricted([...GUARDED, ...BULL]),
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-misused-spread': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
  },
  overrides: [
    {
      files: [
        'src/shared/clock.ts',
        'src/scheduling/timezone.service.ts',
        'src/scheduling/local-time.ts',
        'src/calling/dialers/retry-after.ts',
      ],
      rules: { 'no-restricted-globals': 'off' },
    },
    { files: ['src/env.ts', 'examples/**', 'bench/**'], rules: { 'node/no-process-env': 'off' } },
    ...Object.keys(ROOMS)
      .filter((room) => room !== '.')
      .map(roomOverride),
    {
      files: ['src/scheduling/zone-rules*.ts', 'src/scheduling/start-time.grammar.ts', 'test/**', 'bench/**'],
      rules: { 'no-restricted-imports': 'off' },
    },
    {
      files: ['**/*.spec.ts', 'test/**', 'bench/**'],
      rules: {
        'max-lines-per-function': 'off',
        'no-restricted-globals': 'off',
        'node/no-process-env': 'off',
        'max-lines': 'off',
      },
    },
    {
      files: ['jest.config.js', 'oxlint.config.js', 'ormconfig.ts', 'test/support/*-servers.js'],
      rules: { 'import/no-default-export': 'off' },
    },
  ],
});
