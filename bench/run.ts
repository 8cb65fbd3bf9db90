import { writeFileSync } from 'node:fs';
import { batch } from './batch.js';
import { readOptions, type Bench, type Findings } from './bench.js';
import { dispatch } from './dispatch.js';
import { growth } from './growth.js';
import { operations } from './operations.js';
import { punctuality } from './punctuality.js';
import { reads } from './reads.js';
import { reconciliation } from './reconciliation.js';
import { machine, markdown, say, tell } from './report.js';
import { reschedule } from './reschedule.js';
import { startup } from './startup.js';
import { upload } from './upload.js';
import { zones } from './zones.js';

/* `npm run bench`: all benchmarks, or the one that is named. */

const BENCHES: Readonly<Record<string, Bench>> = {
  reschedule,
  operations,
  punctuality,
  zones,
  startup,
  reads,
  growth,
  reconciliation,
  dispatch,
  batch,
  upload,
};

function usage(): string {
  const lines = Object.entries(BENCHES).map(([name, { about, options }]) => {
    const defaults = Object.entries(options).map(([option, value]) => `--${option} ${value}`);
    return `  ${name.padEnd(12)} ${about}\n${' '.repeat(15)}${defaults.join(' ')}`;
  });
  return `npm run bench [-- <name> [options]] [--json <file>]\n\n${lines.join('\n')}`;
}

/** Takes `--json <file>` out of the arguments. */
function takeJson(args: string[]): string | null {
  const at = args.indexOf('--json');
  return at === -1 ? null : (args.splice(at, 2)[1] ?? null);
}

function print(name: string, { about }: Bench, { tables, notes = [], faults = [] }: Findings): void {
  say(`## ${name}: ${about}\n`);
  for (const table of tables) say(`${markdown(table)}\n`);
  for (const note of [...notes, ...faults.map((fault) => `**Fault**: ${fault}`)]) say(`${note}\n`);
}

async function main(args: string[]): Promise<void> {
  const json = takeJson(args);
  const [name, ...rest] = args;
  if (name !== undefined && !(name in BENCHES)) {
    tell(usage());
    process.exitCode = name === '--help' ? 0 : 1;
    return;
  }
  const header = machine();
  for (const [key, value] of Object.entries(header)) say(`- ${key}: ${value}`);
  say('');
  const results: Record<string, unknown> = {};
  for (const each of name === undefined ? Object.keys(BENCHES) : [name]) {
    const chosen = BENCHES[each];
    const options = readOptions({ ...chosen.options, ...(name === undefined && chosen.inAll) }, rest);
    const begun = performance.now();
    const findings = await chosen.run(options);
    print(each, chosen, findings);
    if (findings.faults && findings.faults.length > 0) process.exitCode = 1;
    const tookSeconds = (performance.now() - begun) / 1_000;
    tell(`${each} took ${tookSeconds.toFixed(0)} s`);
    results[each] = { options, tookSeconds, figures: findings.figures, faults: findings.faults ?? [] };
  }
  if (json !== null) writeFileSync(json, `${JSON.stringify({ machine: header, results }, null, 2)}\n`);
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  tell((error as Error).stack ?? String(error));
  process.exitCode = 1;
});
