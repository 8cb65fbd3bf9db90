import * as fc from 'fast-check';
import type { Simulation, WorkerName } from './simulation.js';
import { simulatedTime } from './simulated-time.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** On both sides of what is waited for, of the sweep, of the reconciliation and of the late limit. */
const PASSING_MS = [1, 500, SECOND_MS, 2_001, 10 * SECOND_MS, 31 * SECOND_MS, 5 * MINUTE_MS, 61 * MINUTE_MS];

const STARTS_IN_MS = [-1, 0, 1, SECOND_MS, 20 * SECOND_MS, 2 * MINUTE_MS, 90 * MINUTE_MS];

type Act = (simulation: Simulation) => void;

/** Sets something going and checks what is promised; how far it comes before the next one, the scheduler says. */
class SimulationCommand implements fc.AsyncCommand<object, Simulation> {
  constructor(
    private readonly what: string,
    private readonly act: Act,
  ) {}

  check(): boolean {
    return true;
  }

  async run(_model: object, simulation: Simulation): Promise<void> {
    this.act(simulation);
    simulation.witness.check();
  }

  toString(): string {
    return this.what;
  }
}

const command = <T extends unknown[]>(
  what: string,
  parameters: { [Key in keyof T]: fc.Arbitrary<T[Key]> },
  act: (simulation: Simulation, ...parameters: T) => void,
): fc.Arbitrary<SimulationCommand> =>
  fc
    .tuple<T>(...parameters)
    .map((given) => new SimulationCommand(`${what}(${given.join(', ')})`, (simulation) => act(simulation, ...given)));

const job = fc.nat({ max: 1 });
const startsInMs = fc.constantFrom(...STARTS_IN_MS);
const worker = fc.constantFrom<WorkerName>('worker 1', 'worker 2');
const pick = fc.nat({ max: 5 });

/** What clients ask for; what is named twice happens twice as often. */
const REQUESTS: fc.Arbitrary<SimulationCommand>[] = [
  command<[number | null, number | null]>(
    'create',
    [fc.option(startsInMs, { freq: 8 }), fc.constantFrom(null, null, 0, 1)],
    (simulation, startsIn, lateMinutes) => simulation.create(startsIn, lateMinutes),
  ),
  command('reschedule', [job, startsInMs], (simulation, which, startsIn) => simulation.reschedule(which, startsIn)),
  command('reschedule', [job, startsInMs], (simulation, which, startsIn) => simulation.reschedule(which, startsIn)),
  command('cancel', [job], (simulation, which) => simulation.cancel(which)),
  command('start now', [job], (simulation, which) => simulation.startNow(which)),
];

/** Everything that may happen. */
const COMMANDS: fc.Arbitrary<SimulationCommand>[] = [
  ...REQUESTS,
  command('pass', [fc.constantFrom(...PASSING_MS)], (_simulation, ms) => simulatedTime.pass(ms)),
  command('pass', [fc.constantFrom(...PASSING_MS)], (_simulation, ms) => simulatedTime.pass(ms)),
  command('deliver', [worker, pick], (simulation, name, which) => simulation.deliver(name, which)),
  command('deliver', [worker, pick], (simulation, name, which) => simulation.deliver(name, which)),
  command('sweep', [worker], (simulation, name) => simulation.sweep(name)),
  command('reconcile', [worker], (simulation, name) => simulation.reconcile(name)),
  command('crash', [fc.constantFrom<'api' | WorkerName>('api', 'worker 1', 'worker 2')], (simulation, name) =>
    simulation.crash(name),
  ),
  command('lose redis', [], ({ world }) => world.redis.loseEverything()),
  command('redis away', [], ({ world }) => Object.assign(world.redis, { isAway: true })),
  command('database away', [], ({ world }) => Object.assign(world.database, { isAway: true })),
  ...Array<fc.Arbitrary<SimulationCommand>>(2).fill(
    command('servers back', [], ({ world }) => {
      world.redis.isAway = false;
      world.database.isAway = false;
    }),
  ),
];

/** @param replayPath of a failure, as it was printed */
export const histories = (replayPath?: string) =>
  fc.noBias(fc.commands<object, Simulation, false>(COMMANDS, { maxCommands: 40, size: 'max', replayPath }));

/** Nothing but requests, a few of them: no fault, and no time for one. */
export const requests = fc.commands<object, Simulation, false>(REQUESTS, { maxCommands: 10, size: 'max' });

/** Clocks that differ as they do, by seconds or by ten minutes. */
const skew = fc.constantFrom(0, 0, 5 * SECOND_MS, -5 * SECOND_MS, 10 * MINUTE_MS, -10 * MINUTE_MS);
export const skews = fc.record({ api: skew, 'worker 1': skew, 'worker 2': skew });
