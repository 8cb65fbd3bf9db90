import type { Client, Submittable } from 'pg';

/** What PostgreSQL says of a statement: names of types as `format_type` gives them. */
export interface Described {
  /** Of `$1`, `$2`, … */
  readonly parameters: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
}

interface Connection {
  once(event: 'parameterDescription', listener: (message: { readonly dataTypeIDs: readonly number[] }) => void): void;
  parse(message: { readonly text: string }): void;
  describe(message: { readonly type: 'S' }): void;
  sync(): void;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

/** Parses a statement and asks what it is, without running it: a query of the driver as it lets others make them. */
class Description implements Submittable {
  private parameters: readonly number[] = [];
  private fields: readonly Field[] = [];
  private settle!: { resolve: () => void; reject: (error: Error) => void };
  readonly described = new Promise<void>((resolve, reject) => {
    this.settle = { resolve, reject };
  });

  constructor(private readonly text: string) {}

  get types(): { parameters: readonly number[]; fields: readonly Field[] } {
    return { parameters: this.parameters, fields: this.fields };
  }

  submit(connection: unknown): void {
    const wire = connection as Connection;
    wire.once('parameterDescription', ({ dataTypeIDs }) => {
      this.parameters = dataTypeIDs;
    });
    wire.parse({ text: this.text });
    wire.describe({ type: 'S' });
    wire.sync();
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.fields = fields;
  }

  handleError(error: Error): void {
    this.settle.reject(error);
  }

  handleReadyForQuery(): void {
    this.settle.resolve();
  }
}

/** @throws what PostgreSQL has against the statement */
export async function describeStatement(client: Client, text: string): Promise<Described> {
  const description = new Description(text);
  client.query(description);
  await description.described;
  const { parameters, fields } = description.types;
  const { rows } = await client.query<{ type: string }>(
    'select format_type(oid, null) as type from unnest($1::oid[]) with ordinality as list (oid, place) order by place',
    [[...parameters, ...fields.map(({ dataTypeID }) => dataTypeID)]],
  );
  const types = rows.map(({ type }) => type);
  const columns = fields.map(({ name }, at) => [name, types[parameters.length + at]]);
  return { parameters: types.slice(0, parameters.length), columns: Object.fromEntries(columns) };
}
