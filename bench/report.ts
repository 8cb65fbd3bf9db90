import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** A table as it is printed. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What is told while it goes on: beside the tables, which may be piped into a file. */
export const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** The table in Markdown: the first column to the left, the others to the right. */
export function markdown({ columns, rows }: Table): string {
  const rule = columns.map((_, at) => (at === 0 ? '---' : '---:'));
  return [columns, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The value below which a share of the figures lies, `share` from 0 to 1. @throws without figures */
export function percentile(figures: readonly number[], share: number): number {
  if (figures.length === 0) throw new Error('Nothing was measured.');
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Of rounds or of answers, in the unit of the figures. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  // Of an even number the mean of the two in the middle: of two rounds neither is the better one.
  const median = (percentile(sorted, 0.5) + sorted[Math.ceil(sorted.length / 2) - 1]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}

/** `1.23 (1.20–1.31)`: the median, and from the least to the most. */
export const spreadText = ({ median, least, most }: Spread, digits: number): string =>
  `${numberText(median, digits)} (${numberText(least, digits)}–${numberText(most, digits)})`;

/** With commas between thousands. */
export const numberText = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const megabytesText = (bytes: number): string => `${numberText(bytes / 1024 ** 2)} MB`;

const PACKAGES = ['bull', 'typeorm', 'pg', 'fastify', '@nestjs/core', 'bullmq', 'graphile-worker', 'ioredis'];

const versionOf = (name: string): string => {
  // Not every package exports its package.json.
  const folder = createRequire(import.meta.url)
    .resolve.paths(name)
    ?.map((path) => `${path}/${name}/package.json`);
  for (const file of folder ?? []) {
    try {
      return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown';
};

/** What a figure depends on beside the code. */
export function machine(): Record<string, string> {
  const [cpu] = cpus();
  return {
    machine: `${process.platform} ${release()}, ${megabytesText(totalmem())} of memory`,
    cpu: `${availableParallelism()} × ${cpu?.model ?? 'unknown'}`,
    load: loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
    node: process.version,
    packages: PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', '),
  };
}
