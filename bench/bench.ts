import { parseArgs } from 'node:util';
import type { Table } from './report.js';

/** What may be said on the command line: `--contacts 2000`, `--million`. The type is that of the default. */
export type Options = Record<string, number | string | boolean>;

/** What a benchmark found. */
export interface Findings {
  readonly tables: readonly Table[];
  /** Sentences to be read with the tables. */
  readonly notes?: readonly string[];
  /** Everything measured, with units in the names; goes into the JSON file as it is. */
  readonly figures: unknown;
  /** What must not be: a wrong answer, a timer that is not the row's. Any ends the command with exit code 1. */
  readonly faults?: readonly string[];
}

/** One benchmark. */
export interface Bench {
  /** One line: what it measures. */
  readonly about: string;
  readonly options: Options;
  /** Options when all benchmarks run, so that all of them end within ten minutes. */
  readonly inAll: Options;
  readonly run: (options: Options) => Promise<Findings>;
}

/** Declares a benchmark; `run` gets the defaults of `options` with what was said in their place. */
export const bench = <O extends Options>(declared: {
  readonly about: string;
  readonly options: O;
  readonly inAll?: Partial<Widened<O>>;
  readonly run: (options: Widened<O>) => Promise<Findings>;
}): Bench => ({
  about: declared.about,
  options: declared.options,
  inAll: (declared.inAll ?? {}) as Options,
  run: (options) => declared.run(options as Widened<O>),
});

/** `{ rounds: 3 }` taken for a literal would allow no other number. */
type Widened<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends number ? number : O[Name] extends boolean ? boolean : string;
};

/**
 * Reads options from the command line.
 *
 * @throws for an unknown option, and for one that should be a number and is none
 */
export function readOptions(defaults: Options, args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(defaults).map(([name, value]) => [
        name,
        { type: typeof value === 'boolean' ? ('boolean' as const) : ('string' as const) },
      ]),
    ),
  });
  const given = Object.entries(values).map(([name, value]): [string, Options[string]] => {
    if (typeof defaults[name] !== 'number') return [name, value as string | boolean];
    if (!/^\d+(\.\d+)?$/.test(String(value))) throw new Error(`--${name} must be a number.`);
    return [name, Number(value)];
  });
  return { ...defaults, ...Object.fromEntries(given) };
}
