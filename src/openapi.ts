import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

const DESCRIPTION = `Outbound batch calling: upload contacts, schedule a batch, move it, start it exactly once at the right local hour.

Press **Authorize** and paste an API key. Every error is a problem document (RFC 9457); its codes are explained at
[/docs/errors](/docs/errors).`;

/** The OpenAPI document of the running application. */
export const openApiDocument = (app: INestApplication): OpenAPIObject =>
  SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setTitle('batch-jobs')
      .setDescription(DESCRIPTION)
      .setVersion('1')
      .setLicense('MIT', 'https://opensource.org/license/mit')
      .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: `bj_live_…`' })
      .addApiKey(
        { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key, as a header.' },
        'x-api-key',
      )
      .addTag('Batch Calling', 'Batches of calls and their schedule.')
      .addTag('Service', 'The service itself.')
      .build(),
    { operationIdFactory: (_controller, method) => method },
  );

/** Swagger UI at `/docs`, the document at `/docs/openapi.json`. */
export const serveDocs = (app: INestApplication): void =>
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'docs/openapi.json',
    yamlDocumentUrl: 'docs/openapi.yaml',
    customSiteTitle: 'batch-jobs',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
