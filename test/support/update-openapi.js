/**
 * `npm run openapi:update`: writes the document of the compiled application to test/openapi.snapshot.json. The
 * application is put together in preview, where nothing is instantiated, so no server is needed.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { writeFileSync } from 'node:fs';
import { AppModule } from '../../dist/src/app.module.js';
import { createAdapter } from '../../dist/src/http-app.js';
import { openApiDocument } from '../../dist/src/openapi.js';

const NOWHERE = { databaseUrl: 'postgres://localhost', redisUrl: 'redis://localhost', apiKeyPepper: '' };

const app = await NestFactory.create(
  AppModule.forRole(NOWHERE, { mountHttp: true, consumeQueues: false }),
  createAdapter({ maxUploadBytes: 0 }),
  { preview: true, logger: ['error'] },
);
writeFileSync(
  new URL('../openapi.snapshot.json', import.meta.url),
  `${JSON.stringify(openApiDocument(app), null, 2)}\n`,
);
