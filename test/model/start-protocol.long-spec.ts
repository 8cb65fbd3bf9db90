import { afterAll, describe, expect, it } from '@jest/globals';
import { explore, type Result } from './explore.js';
import { EVERY_FAULT, PRODUCT } from './protocol.js';
import { startProtocol } from './start-protocol.js';
import { SOUND, WEAKENED, type Variant } from './variants.js';

/** Without their revisions and times. */
const EVERY_STEP = [
  'Redis comes back with an old wake-up',
  'Redis delivers wake-up',
  'Redis delivers wake-up again',
  'Redis delivers wake-up early',
  'Redis delivers wake-up early again',
  'Redis has a wake-up',
  'Redis loses everything',
  'a cancel: committed and answered',
  'a reschedule from: revision committed',
  'a sweep finds revision',
  'a worker acknowledges wake-up',
  'a worker dies',
  'a worker woken for revision finds it stale',
  'a worker woken for revision is early and gives up',
  'a worker woken for revision marks the start missed',
  'a worker woken for revision starts the batch',
  'start now: committed and answered',
  'the API dies, the rest unsaid',
  'the add of wake-up is lost',
  'the reconciler sets wake-up',
  'the reconciler takes wake-up away',
  'the removal of wake-up is lost',
  'tick',
  'wake-up is removed from Redis',
];

const MINUTE_MS = 60_000;

const lines: string[] = [];
const traces: string[] = [];
afterAll(() => {
  const head = `${'variant'.padEnd(52)}    states  transitions  depth  seconds  verdict`;
  process.stdout.write(`\n${[head, ...lines, '', ...traces].join('\n')}\n\n`);
});

function run({ name, protocol, faults, isAsked }: Variant): Result {
  const startedAt = performance.now();
  const result = explore(startProtocol(protocol, faults, isAsked), 2_000_000);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);

  const { states, transitions, depth, broken, farthestFromEnd } = result;
  const count = (value: number, width: number) => value.toLocaleString('en').padStart(width);
  const verdict = broken ? `BROKEN: ${broken.promise}` : `holds, at most ${farthestFromEnd} steps from its end`;
  lines.push(
    `${name.padEnd(52)}${count(states, 10)}${count(transitions, 13)}${count(depth, 7)}${seconds.padStart(9)}  ${verdict}`,
  );
  if (broken)
    traces.push(`${name}: not kept is "${broken.promise}":`, ...broken.trace.map((step, at) => `  ${at + 1}. ${step}`));
  return result;
}

describe('every interleaving of moves, cancel, start, workers and faults keeps the promise', () => {
  it.each(SOUND)(
    '$name',
    (variant) => {
      expect(run(variant).broken).toBeNull();
    },
    5 * MINUTE_MS,
  );
});

it('takes every kind of step that is modelled, so that no promise is kept for want of trying', () => {
  const taken = new Set<string>();
  const model = startProtocol({ ...PRODUCT, reschedules: 1 }, EVERY_FAULT);
  const steps: typeof model.steps = (from) => {
    const found = model.steps(from);
    for (const { what } of found) taken.add(what.replace(/ (?:to )?(?:tick )?\d/g, ''));
    return found;
  };

  explore({ ...model, steps }, 2_000_000);

  expect([...taken].toSorted()).toEqual(EVERY_STEP.toSorted());
});

describe('a weakened protocol is found to break', () => {
  it.each(WEAKENED)(
    '$name: $breaks',
    (variant) => {
      expect(run(variant).broken?.promise).toBe(variant.breaks);
    },
    MINUTE_MS,
  );
});
