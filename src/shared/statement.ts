import { createHash } from 'node:crypto';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, type EntityManager } from 'typeorm';

/**
 * A type of PostgreSQL, as values of TypeScript. As a method it takes narrower values as well: a `text` may be one of a
 * few words.
 */
export interface SqlType<Value> {
  /** As `format_type` calls it: `'timestamp with time zone'`. */
  readonly name: string;
  /** What the driver is given. Nulls are given as they are. */
  encode(value: Value): unknown;
}

const type = <Value>(name: string, encode: (value: Value) => unknown = (value) => value): SqlType<Value> => ({
  name,
  encode,
});

export const text = type<string>('text');
export const integer = type<number>('integer');
/** A text as its bytes in UTF-8, which travel as they are. */
export const utf8 = type<Buffer>('text');
/** As digits: a number of JavaScript would round it. */
export const bigint = type<string>('bigint');
/** A number of rows, as `limit` takes it. */
export const count = type<number>('bigint');
export const double = type<number>('double precision');
export const boolean = type<boolean>('boolean');
export const bytes = type<Buffer>('bytea');
/** The driver would send the time of the process's own zone. */
export const timestamp = type<Date>('timestamp with time zone', (value) => value.toISOString());
export const json = type<unknown>('json', (value) => JSON.stringify(value));
export const jsonb = type<unknown>('jsonb', (value) => JSON.stringify(value));
export const listOf = <Value>(of: SqlType<Value>): SqlType<readonly Value[]> =>
  type(`${of.name}[]`, (values) => values.map((value) => (value === null ? null : of.encode(value))));

/** A type for each name. Whatever has it may be null as well: PostgreSQL's types do not tell. */
export type Shape<Values> = { readonly [Name in keyof Values]-?: SqlType<NonNullable<Values[Name]>> };

interface Definition<Parameters, Row> {
  /** PostgreSQL, with `:name` where a parameter stands. */
  readonly sql: string;
  readonly parameters: Shape<Parameters>;
  readonly columns: Shape<Row>;
  /**
   * Its plan is made each time, for its values: how much of an index it reads hangs on them, and a plan for every value
   * would expect a tenth of all rows. @default false
   */
  readonly isPlannedAnew?: boolean;
}

/** Not the second colon of a cast, nor one within a word, as in the `HH24:MI` of a format. */
export const PARAMETER = /(?<![:\w]):([a-z]\w*)/gi;

/**
 * One statement of PostgreSQL: its text, what it takes and what it gives. `test/integration/statements.int-spec.ts` has
 * PostgreSQL compare both with what is declared.
 */
export class Statement<Parameters extends object, Row extends object> {
  /** With `$1`, `$2`, … in place of the names. */
  readonly text: string;
  /** Under which a session keeps its plan: PostgreSQL allows 63 bytes. */
  readonly name: string;
  /** In the order of `$1`, `$2`, … */
  readonly names: readonly (keyof Parameters & string)[];

  /** @throws when the names of the text are not those of the parameters */
  constructor(readonly definition: Definition<Parameters, Row>) {
    const { sql, parameters } = definition;
    const names: string[] = [];
    this.text = sql.replaceAll(PARAMETER, (_, name: string) => {
      if (!names.includes(name)) names.push(name);
      return `$${names.indexOf(name) + 1}`;
    });
    this.name = createHash('sha256').update(this.text).digest('base64url');
    this.names = names as (keyof Parameters & string)[];
    const [used, declared] = [names, Object.keys(parameters)].map((list) => list.toSorted().join(', '));
    if (used !== declared) throw new Error(`The statement uses [${used}] and declares [${declared}]: ${sql}`);
  }

  /** The values in the order of `$1`, `$2`, …, as the driver takes them. */
  bind(values: Parameters): unknown[] {
    const { parameters } = this.definition;
    return this.names.map((name) => {
      const value = values[name];
      return value === null ? null : parameters[name].encode(value as NonNullable<typeof value>);
    });
  }
}

/** Declares a statement. What it takes and gives is inferred, or given to be narrower: words, nulls. */
export const statement = <Parameters extends object, Row extends object>(
  definition: Definition<Parameters, Row>,
): Statement<Parameters, Row> => new Statement(definition);

/** What TypeORM's runner gives no way to: a statement with a name. */
interface Session {
  query(named: {
    readonly name: string | undefined;
    readonly text: string;
    readonly values: unknown[];
  }): Promise<{ readonly rows: unknown[] }>;
}

/**
 * Runs a statement on the connection, and in the transaction, of `manager`. Each session parses it once, but for one that
 * is planned anew: that costs more
 * than most of them take (docs/decisions/0038-statements.md).
 */
export async function run<Parameters extends object, Row extends object>(
  { queryRunner, connection }: EntityManager,
  ran: Statement<Parameters, Row>,
  values: Parameters,
): Promise<Row[]> {
  const runner = queryRunner ?? connection.createQueryRunner();
  if (runner.isReleased) throw new QueryRunnerAlreadyReleasedError();
  try {
    const session: Session = await runner.connect();
    const name = ran.definition.isPlannedAnew ? undefined : ran.name;
    const named = { name, text: ran.text, values: ran.bind(values) };
    const { rows } = await session.query(named).catch((error: Error) => {
      throw new QueryFailedError(named.text, named.values, error);
    });
    return rows as Row[];
  } finally {
    if (!queryRunner) await runner.release();
  }
}
