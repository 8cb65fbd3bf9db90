import { HttpStatus, type INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { dump } from 'js-yaml';
import { BODY_CONTENT } from './api/http/operation.decorator.js';

const DESCRIPTION = `Outbound batch calling: upload contacts, schedule a batch, move it, start it exactly once at the right local hour.

Press **Authorize** and paste an API key; a key sees its own organization only. Times are answered in UTC (RFC 3339).
Every error is a problem document (RFC 9457) whose \`code\` is stable; the codes are explained at [/docs/errors](/docs/errors).
Parameters and fields that are not listed here are refused, but for the fields of a reported outcome.`;

/** The OpenAPI document of the running application. Reads decorators only, so an application in preview will do. */
export const openApiDocument = (app: INestApplication): OpenAPIObject =>
  withOwnBodies(
    SwaggerModule.createDocument(
      app,
      new DocumentBuilder()
        .setOpenAPIVersion('3.1.0') // the first in which a reference can be null
        .setTitle('batch-jobs')
        .setDescription(DESCRIPTION)
        .setVersion('1')
        .setLicense('MIT', 'https://opensource.org/license/mit')
        .addServer('/', 'This service.')
        .addBearerAuth({
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'bj_live_…',
          description: 'An API key: `Authorization: Bearer bj_live_…`.',
        })
        .addApiKey(
          { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key, as a header of its own.' },
          'x-api-key',
        )
        .addTag('Batch Calling', 'Batches of calls and their schedule.')
        .addTag('Administration', 'For operators: all organizations at once.')
        .addTag('Service', 'The service itself.')
        .build(),
      { operationIdFactory: (_controller, method) => method },
    ),
  );

/** Puts the content of each operation that was decorated with `Bodies` in its place. */
const withOwnBodies = (document: OpenAPIObject): OpenAPIObject => {
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path) as object[])) {
    const own = operation as { [BODY_CONTENT]?: unknown; requestBody?: { content: unknown } };
    if (!own[BODY_CONTENT] || !own.requestBody) continue;
    own.requestBody.content = own[BODY_CONTENT];
    delete own[BODY_CONTENT];
  }
  return document;
};

interface SwaggerUi {
  readonly oas3Actions: { setRequestBodyValue(to: { pathMethod: unknown; value: undefined }): void };
}

/**
 * Runs in the browser, where only itself arrives: Swagger UI 5.33 takes the fields of a form along as a JSON body, that
 * cannot be sent, when another media type is chosen. This clears the body, and the examples of the other one are filled in.
 */
const clearBodyOnOtherMediaType = () => ({
  statePlugins: {
    oas3: {
      wrapActions: {
        setRequestContentType:
          (choose: (choice: object) => unknown, { oas3Actions }: SwaggerUi) =>
          (choice: { pathMethod: unknown }) => {
            oas3Actions.setRequestBodyValue({ pathMethod: choice.pathMethod, value: undefined });
            return choose(choice);
          },
      },
    },
  },
});

/**
 * Swagger UI at `/docs`, the document at `/docs/openapi.json` and `/docs/openapi.yaml`. Written once, when it is first
 * asked for: nobody needs a key for it, and to write it takes longer than any other answer.
 */
export const serveDocs = (app: INestApplication): void => {
  const document = once(() => openApiDocument(app));
  SwaggerModule.setup('docs', app, document, {
    raw: false,
    customSiteTitle: 'batch-jobs',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      plugins: [clearBodyOnOtherMediaType],
    },
  });
  serveText(app, '/docs/openapi.json', 'application/json; charset=utf-8', () => JSON.stringify(document()));
  serveText(app, '/docs/openapi.yaml', 'text/yaml; charset=utf-8', () =>
    dump(document(), { skipInvalid: true, noRefs: true }),
  );
};

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};

const serveText = (app: INestApplication, path: string, type: string, write: () => string): void => {
  const adapter = app.getHttpAdapter();
  const text = once(write);
  adapter.get(path, (_request: unknown, response: unknown) => {
    adapter.setHeader(response, 'Content-Type', type);
    adapter.reply(response, text(), HttpStatus.OK);
  });
};
