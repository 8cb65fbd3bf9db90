/** What all rounds of one fault came to. */
export interface FaultTally {
  readonly name: string;
  readonly rounds: number;
  readonly batches: number;
  readonly lateMs: readonly number[];
  readonly violations: readonly string[];
}

const quantile = (sorted: readonly number[], share: number): string =>
  sorted.length === 0 ? '' : String(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);

/** The table at the end of a run: late starts in milliseconds. */
export function toTable(tallies: readonly FaultTally[]): string {
  const rows = tallies.map(({ name, rounds, batches, lateMs, violations }) => {
    const sorted = lateMs.toSorted((a, b) => a - b);
    const late = [quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1)];
    return [name, String(rounds), String(batches), String(sorted.length), String(violations.length), ...late];
  });
  const header = ['fault', 'rounds', 'batches', 'timed starts', 'violations', 'late median ms', '99 %', 'worst'];
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
