import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { runMigrations } from '../database/data-source.js';
import { loadEnvironmentFile, readEnvironment, type Environment } from '../env.js';
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
  // What is not named is made here.
  const asked = readEnvironment({ databaseUrl: '', redisUrl: '', apiKeyPepper: '', dialer: 'simulated' });
  const { dataDir } = asked;
  const servers = await startEmbeddedServers({
    dataDir,
    databaseUrl: asked.databaseUrl || undefined,
    redisUrl: asked.redisUrl || undefined,
    toolsDir: join(dataDir, 'tools'),
    log: say,
  });
  try {
    await findFree(asked);
    const { databaseUrl, redisUrl } = servers;
    const apiKeyPepper = asked.apiKeyPepper || (await keep(dataDir, 'api-key-pepper', newPepper));
    return await startService({ ...asked, databaseUrl, redisUrl, apiKeyPepper }, servers);
  } catch (error) {
    await servers.stop();
    throw error;
  }
});

/** Fails when the port is taken: better now than when batches have begun to be started. */
async function findFree({ host, port }: Environment): Promise<void> {
  const probe = createServer().listen(port, host);
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

async function startService(environment: Environment, servers: EmbeddedServers): Promise<Service> {
  const { dataDir, databaseUrl, redisUrl, apiKeyPepper } = environment;
  const applied = await runMigrations(databaseUrl);
  if (applied.length > 0) say(`Applied ${applied.length} migration(s).`);
  const app = await createHttpApp(environment, true);
  try {
    const key = await prepareDemo(app, dataDir);
    await app.listen(environment.port, environment.host);
    writeServiceFile(dataDir, { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, API_KEY_PEPPER: apiKeyPepper });
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
