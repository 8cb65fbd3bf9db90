import 'reflect-metadata';
import { loadEnvironmentFile, readEnvironment } from './env.js';
import { closeHttpApp, createHttpApp } from './http-app.js';
import { serve } from './process.js';

/** The API role: HTTP only. Starts are made by `worker.ts`. */
await serve(async () => {
  loadEnvironmentFile();
  const environment = readEnvironment();
  const app = await createHttpApp(environment, false);
  await app.listen(environment.port, environment.host);
  return { close: () => closeHttpApp(app) };
});
