import { readdirSync } from 'node:fs';
import { packageFile } from '../../src/shared/package-file.js';
import { Statement } from '../../src/shared/statement.js';

// oxlint-disable-next-line typescript/no-explicit-any -- of any parameters and columns
export type AnyStatement = Statement<any, any>;

/** Every source of the product. */
export const SOURCES = readdirSync(packageFile('src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  /(?<!\.spec)\.ts$/.test(name),
);

/** Those that statements stand in. */
export const FILES = SOURCES.filter((name) => /\.statements\.ts$|conditional\.statement\.ts$/.test(name));

/** A statement, or those of an object by their names: `LIST_JOBS.ofAll`. */
const statementsOf = (name: string, value: unknown): [string, AnyStatement][] => {
  if (value instanceof Statement) return [[name, value as AnyStatement]];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    inner instanceof Statement ? [[`${name}.${key}`, inner as AnyStatement] as [string, AnyStatement]] : [],
  );
};

/** Every statement of the product, by its name and file: `CLAIM of batch-jobs/schedule.statements.ts`. */
export async function declaredStatements(): Promise<[string, AnyStatement][]> {
  const all: [string, AnyStatement][] = [];
  // One after the other: Jest does not load modules that import each other at the same time.
  for (const file of FILES) {
    const exported: Record<string, unknown> = await import(`../../src/${file.replace(/ts$/, 'js')}`);
    for (const [name, value] of Object.entries(exported))
      for (const [full, each] of statementsOf(name, value)) all.push([`${full} of ${file}`, each]);
  }
  return all;
}
