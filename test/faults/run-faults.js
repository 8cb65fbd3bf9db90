import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/**
 * The long form of the fault suite: `npm run test:faults -- --rounds 20 --seed 7 --only 'Redis' --minutes 30 --lanes 3`.
 *
 * `--only` takes parts of names, separated by `;`. With `--minutes` alone, rounds follow each other until then. Without
 * `--seed` one is chosen and printed. The same seed disturbs the same things in the same order.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    minutes: { type: 'string' },
    lanes: { type: 'string' },
  },
});
const { rounds = values.minutes === undefined ? '1' : '1000000', ...others } = values;

const asked = Object.entries({ rounds, ...others }).map(([name, value]) => [`FAULTS_${name.toUpperCase()}`, value]);
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'].concat(
    '--config=jest.long.config.js',
    '--selectProjects=faults',
  ),
  { stdio: 'inherit', env: { ...process.env, ...Object.fromEntries(asked) } },
);
process.exit(status ?? 1);
