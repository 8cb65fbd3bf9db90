import 'reflect-metadata';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { runMigrations } from '../database/data-source.js';
import { loadEnvironmentFile, readEnvironment, readVariable } from '../env.js';
import { closeHttpApp, createHttpApp } from '../http-app.js';
import { serve, type Service } from '../process.js';
import { Clock } from '../shared/clock.js';
import { prepareDemo } from './demo.js';
import { startEmbeddedServers, type EmbeddedServers } from './servers.js';
import { keep, newPepper, removeServiceFile, writeServiceFile } from './service-file.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm start`: the whole service in one process, on servers of its own unless others are named. */
await serve(async () => {
  loadEnvironmentFile();
  const dataDir = readVariable('DATA_DIR') ?? '.data';
  const servers = await startEmbeddedServers({
    dataDir,
    databaseUrl: readVariable('DATABASE_URL'),
    redisUrl: readVariable('REDIS_URL'),
    toolsDir: join(dataDir, 'tools'),
    log: say,
  });
  try {
    return await startService(servers, dataDir);
  } catch (error) {
    await servers.stop();
    throw error;
  }
});

async function startService(servers: EmbeddedServers, dataDir: string): Promise<Service> {
  const { databaseUrl, redisUrl } = servers;
  const apiKeyPepper = await keep(dataDir, 'api-key-pepper', newPepper);
  const environment = readEnvironment({ databaseUrl, redisUrl, apiKeyPepper });

  const applied = await runMigrations(databaseUrl);
  if (applied.length > 0) say(`Applied ${applied.length} migration(s).`);
  const app = await createHttpApp(environment, true);
  try {
    const key = await prepareDemo(app, dataDir);
    await app.listen(environment.port, environment.host);
    writeServiceFile(dataDir, {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      API_KEY_PEPPER: environment.apiKeyPepper,
    });
    await welcome(app, key);
  } catch (error) {
    await closeHttpApp(app);
    throw error;
  }
  return {
    close: async () => {
      removeServiceFile(dataDir);
      await closeHttpApp(app);
      await servers.stop();
    },
  };
}

async function welcome(app: NestFastifyApplication, key: string): Promise<void> {
  const url = await app.getUrl();
  const body = {
    name: 'First batch',
    fromPhoneNumberId: 'phone_demo',
    contacts: [{ phone: '+12025550123', name: 'Ada' }],
    scheduledStartTime: atTenInTwoDays(app.get(Clock, { strict: false })),
    timezone: 'America/New_York',
  };
  say(`
batch-jobs is ready. Stop it with Ctrl-C.

Swagger UI: ${url}/docs

API key:
${key}

Create a batch that starts in two days at ten in New York:
curl -sS ${url}/batch/create -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'
`);
}

/** A wall time that is in the future in every zone. */
function atTenInTwoDays(clock: Clock): string {
  const inTwoDays = clock.at(clock.now().getTime() + 2 * 24 * 60 * 60 * 1_000);
  return `${inTwoDays.toISOString().slice(0, 10)}T10:00:00`;
}
