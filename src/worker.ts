import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { dialerOf } from './dialer.choice.js';
import { loadEnvironmentFile, readEnvironment } from './env.js';
import { JsonLogger } from './logger.js';
import { serve } from './process.js';

/** The worker role: starts batches. Any number of them may run. */
await serve(async () => {
  loadEnvironmentFile();
  const environment = readEnvironment();
  const { host, metricsPort } = environment;
  const metricsAt = metricsPort === null ? null : { host, port: metricsPort };
  return NestFactory.createApplicationContext(
    AppModule.forRole(environment, { mountHttp: false, consumeQueues: true, dialer: dialerOf(environment) }, metricsAt),
    { logger: new JsonLogger(environment.logLevel), abortOnError: false },
  );
});
