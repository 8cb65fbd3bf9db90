import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Schema {
  readonly properties?: object;
  readonly additionalProperties?: unknown;
}

/** Facts beyond those that are listed belong to a problem; every other object is known in full. */
const OPEN = ['ProblemResponse'];

const DOCUMENT = 'document';

/** Its references lead into the document, of which each schema is compiled once. */
const inDocument = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${DOCUMENT}#/`)) as object;

/** Judges values by the schemas of a document; a field that is not in the document is a fault, too. */
export class SchemaCheck {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor({ components }: OpenAPIObject) {
    addFormats.default(this.ajv);
    const closed = Object.entries(components?.schemas ?? {}).map(([name, schema]) => {
      const { properties, additionalProperties = false } = schema as Schema;
      return [name, properties && !OPEN.includes(name) ? { ...schema, additionalProperties } : schema];
    });
    this.ajv.addSchema(inDocument({ $id: DOCUMENT, components: { schemas: Object.fromEntries(closed) } }));
  }

  /** @returns a line for each fault; none when the value is what the schema says */
  faultsOf(schema: object, value: unknown): string[] {
    const isValid = this.ajv.compile(inDocument(schema));
    if (isValid(value)) return [];
    return (isValid.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
}
