import type { OpenAPIObject } from '@nestjs/swagger';

// oxlint-disable-next-line typescript/no-explicit-any -- a document is walked, whatever is in it
export type Any = any;

/** What is found in a document, and where. */
export interface Place {
  readonly where: string;
  readonly what: Any;
}

const placesIn = (where: string, entries: object = {}): Place[] =>
  Object.entries(entries).map(([name, what]) => ({ where: `${where} ${name}`, what }));

const propertiesOf = (where: string, schema: Any): Place[] => [
  ...Object.entries<Any>(schema.properties ?? {}).flatMap(([name, what]) => [
    { where: `${where}.${name}`, what },
    ...propertiesOf(`${where}.${name}`, what),
  ]),
  ...(schema.items ? propertiesOf(`${where}[]`, schema.items) : []),
];

/** Finds everything of one kind in an OpenAPI document. */
export class DocumentWalk {
  /** By operation id. */
  readonly operations: readonly Place[];
  readonly parameters: readonly Place[];
  readonly responses: readonly Place[];
  readonly headers: readonly Place[];
  /** Bodies of requests and responses, one for each media type. */
  readonly contents: readonly Place[];
  /** Fields of the component schemas, those inside of fields included. */
  readonly properties: readonly Place[];

  constructor({ paths, components }: OpenAPIObject) {
    this.operations = Object.values(paths)
      .flatMap((path) => Object.values<Any>(path))
      .map((what) => ({ where: what.operationId, what }));
    this.parameters = this.operations.flatMap(({ where, what }) =>
      what.parameters.map((parameter: Any) => ({ where: `${where} ${parameter.name}`, what: parameter })),
    );
    this.responses = this.operations.flatMap(({ where, what }) => placesIn(where, what.responses));
    this.headers = this.responses.flatMap(({ where, what }) => placesIn(where, what.headers));
    this.contents = [
      ...this.responses.flatMap(({ where, what }) => placesIn(where, what.content)),
      ...this.operations.flatMap(({ where, what }) => placesIn(`${where} body`, what.requestBody?.content)),
    ];
    this.properties = Object.entries(components?.schemas ?? {}).flatMap(([name, schema]) => propertiesOf(name, schema));
  }

  operation(id: string): Any {
    return this.operations.find(({ where }) => where === id)?.what;
  }

  /** The problems that are shown for an operation. */
  problemsOf(id: string): Place[] {
    return this.contents
      .filter(({ where }) => where.startsWith(`${id} `) && where.endsWith(' application/problem+json'))
      .flatMap(({ where, what }) => Object.values<Any>(what.examples).map(({ value }) => ({ where, what: value })));
  }
}

/** Every example of a parameter, a header, a field or a body. */
export const examplesOf = (what: Any): unknown[] =>
  [what.example, what.schema?.example, ...Object.values<Any>(what.examples ?? {}).map(({ value }) => value)].filter(
    (value) => value !== undefined,
  );
