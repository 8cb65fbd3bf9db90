import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BREAKAGES } from './breakages.js';

/**
 * Whether the fault suite bites: `npm run test:teeth` breaks a copy of the compiled programs in five ways, and fails
 * unless the suite goes red for each, and stays green for a copy that is whole.
 */
const SEED = process.argv[2] ?? '1';
const WHOLE = {
  name: '(whole)',
  replacements: [],
  only: [...new Set(BREAKAGES.map(({ only }) => only))].join(';'),
  lanes: '2',
};

// Below the working directory, where the copies find the packages they import.
mkdirSync('.data', { recursive: true });
const folder = mkdtempSync(resolve('.data', 'teeth-'));

function breakCopy({ name, replacements }, dist) {
  cpSync('dist', dist, { recursive: true });
  for (const [file, text, replacement] of replacements) {
    const path = join(dist, file);
    const parts = readFileSync(path, 'utf8').split(text);
    if (parts.length !== 2) throw new Error(`"${name}": ${file} holds ${parts.length - 1} times: ${text}`);
    writeFileSync(path, parts.join(replacement));
  }
}

/** @returns what the suite says of the copy */
async function judge(breakage, at) {
  const dist = join(folder, String(at), 'dist');
  breakCopy(breakage, dist);
  const report = join(folder, `${at}.json`);
  const args = ['test/faults/run-faults.js', '--rounds', '1', '--seed', SEED, '--only', breakage.only];
  const env = { ...process.env, FAULTS_DIST: dist, FAULTS_REPORT: report, FAULTS_LANES: breakage.lanes ?? '1' };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  const violations = JSON.parse(readFileSync(report, 'utf8')).flatMap((fault) => fault.violations);
  return { ...breakage, isGreen: code === 0 && violations.length === 0, violations, output };
}

/** @returns the line of the table, and whether it is as it must be */
function tell({ name, only, reveals, isGreen, violations, output }) {
  if (!reveals) {
    if (!isGreen) process.stderr.write(`${output}\n`);
    return { isWell: isGreen, line: [name, only, isGreen ? 'green' : `RED: ${violations[0]}`] };
  }
  const revealed = violations.filter((violation) => reveals.test(violation));
  if (revealed.length === 0) process.stderr.write(`${output}\n`);
  const told = revealed.length > 0 ? `red, ${revealed.length} times: ${revealed[0]}` : 'NOT REVEALED';
  return { isWell: revealed.length > 0, line: [name, only, told] };
}

try {
  const whole = await judge(WHOLE, 'whole');
  const results = [tell(whole)];
  // Two at a time: they mostly wait.
  const left = [...BREAKAGES.entries()];
  const broken = [];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) broken[next[0]] = tell(await judge(next[1], next[0]));
  };
  await Promise.all([work(), work()]);
  results.push(...broken);
  process.stdout.write('\n| breakage | faults | what the suite says |\n| --- | --- | --- |\n');
  for (const { line } of results) process.stdout.write(`| ${line.join(' | ')} |\n`);
  process.exitCode = results.every(({ isWell }) => isWell) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
