import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULTS } from './catalogue/faults.js';
import type { Fault } from './fault.js';
import { isLongForm } from './form.js';
import { Random } from './random.js';
import { toTable, type FaultTally } from './report.js';
import { runRound, type RoundResult } from './round.js';
import { World } from './world.js';

/** What was asked for, see `npm run test:faults`. */
const ASKED = {
  rounds: Number(process.env.FAULTS_ROUNDS ?? 1),
  seed: Number(process.env.FAULTS_SEED ?? randomInt(1, 2 ** 31)),
  only: process.env.FAULTS_ONLY,
  minutes: Number(process.env.FAULTS_MINUTES ?? Number.POSITIVE_INFINITY),
  lanes: Number(process.env.FAULTS_LANES ?? 3),
};

interface Tally extends FaultTally {
  rounds: number;
  batches: number;
  readonly lateMs: number[];
  readonly violations: string[];
}

/** All faults, dealt out to worlds side by side: each round takes a dozen seconds, in which it mostly waits. */
export class FaultRun {
  readonly faults: readonly Fault[] = FAULTS.filter(({ name, isLong }) => isAsked(name) && (isLongForm || !isLong));
  private readonly tallies = new Map<string, Tally>();
  private readonly heard = new Map<string, { resolve: (violations: readonly string[]) => void }>();
  private readonly ends = new Map<string, Promise<readonly string[]>>();
  private readonly running: Promise<void>;
  private readonly endsAt = performance.now() + ASKED.minutes * 60_000;

  constructor() {
    process.stderr.write(`faults: seed ${ASKED.seed}\n`);
    for (const { name } of this.faults) {
      this.tallies.set(name, { name, rounds: 0, batches: 0, lateMs: [], violations: [] });
      this.ends.set(name, new Promise((resolve) => this.heard.set(name, { resolve })));
    }
    this.running = this.run();
    // Heard at the end.
    this.running.catch(() => undefined);
  }

  /** Resolves when all rounds of the fault are over. @returns what was violated */
  violationsOf(name: string): Promise<readonly string[]> {
    return Promise.race([this.ends.get(name) ?? [], this.running.then(() => this.tallies.get(name)?.violations ?? [])]);
  }

  /** Waits for the rest and prints the table. */
  async end(): Promise<void> {
    await this.running.finally(() => {
      process.stderr.write(`\nfaults: seed ${ASKED.seed}\n${toTable([...this.tallies.values()])}\n`);
      if (process.env.FAULTS_REPORT)
        writeFileSync(process.env.FAULTS_REPORT, JSON.stringify([...this.tallies.values()]));
    });
  }

  private async run(): Promise<void> {
    const work = this.rounds();
    const lanes = Math.min(ASKED.lanes, this.faults.length * ASKED.rounds);
    await Promise.all(Array.from({ length: lanes }, () => this.work(work)));
  }

  /** Dealt out as they are asked for, until the time is up. */
  private *rounds(): Generator<{ fault: Fault; round: number }> {
    const order = new Random(ASKED.seed);
    for (let round = 0; round < ASKED.rounds; round += 1) {
      for (const fault of order.shuffled(this.faults)) {
        if (performance.now() > this.endsAt) return;
        yield { fault, round };
      }
    }
  }

  private async work(work: Iterator<{ fault: Fault; round: number }>): Promise<void> {
    let world = await World.create();
    try {
      for (let next = work.next(); !next.done; next = work.next()) {
        const isWell = await this.round(world, next.value.fault, next.value.round);
        if (isWell) continue;
        // What went wrong must not be told of the next fault as well.
        await world.end();
        world = await World.create();
      }
    } finally {
      await world.end();
    }
  }

  private async round(world: World, fault: Fault, round: number): Promise<boolean> {
    const tally = this.tallies.get(fault.name) as Tally;
    const seed = Math.floor(new Random(ASKED.seed).fork(`${fault.name} ${round}`).next() * 2 ** 31);
    const result = await runRound(world, fault, round === 0 ? ASKED.seed : seed).catch((error: unknown) => ({
      batches: 0,
      lateMs: [],
      lines: world.processes.flatMap((process) => process.take().lines),
      violations: [`the round could not be run: ${(error as Error).stack}`],
    }));
    tally.rounds += 1;
    tally.batches += result.batches;
    tally.lateMs.push(...result.lateMs);
    tally.violations.push(...result.violations);
    if (result.violations.length > 0) tell(fault, round, round === 0 ? ASKED.seed : seed, result);
    if (tally.rounds === ASKED.rounds) this.heard.get(fault.name)?.resolve(tally.violations);
    return result.violations.length === 0;
  }
}

const isAsked = (name: string): boolean => {
  const { only } = ASKED;
  return only === undefined || only.split(';').some((part) => name.toLowerCase().includes(part.toLowerCase()));
};

const MOST_TOLD = 20;

function tell({ name }: Fault, round: number, seed: number, { violations, lines }: RoundResult): void {
  const told = violations.slice(0, MOST_TOLD).map((violation) => `  - ${violation}`);
  if (violations.length > MOST_TOLD) told.push(`  … and ${violations.length - MOST_TOLD} more`);
  const logs = join(tmpdir(), `batch-jobs-fault-${seed}-${name.replaceAll(/\W+/g, '-')}.log`);
  writeFileSync(logs, lines.join('\n'));
  process.stderr.write(
    `\n${name}, round ${round + 1}, seed ${seed}: ${violations.length} violations\n${told.join('\n')}\n` +
      `  again: npm run test:faults -- --only '${name}' --seed ${seed}\n  what the processes printed: ${logs}\n`,
  );
}
