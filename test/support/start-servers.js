import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { runMigrations } from '../../dist/src/database/data-source.js';
import { DataFolder } from '../../dist/src/embedded/data-folder.js';
import { startEmbeddedServers } from '../../dist/src/embedded/servers.js';
import { startPgBouncer } from './pgbouncer.js';

const PREFIX = 'batch-jobs-test-';
/** Where `stop-servers.js` finds what runs; Jest loads both files in the same process. */
export const RUNNING = Symbol.for('batch-jobs.test-servers');

/**
 * Jest's `globalSetup`: one PostgreSQL and one Redis for the run, in a folder of its own, so that runs do not meet.
 * `TEST_DATABASE_URL` and `TEST_REDIS_URL` name others; the tests read these two variables. What they write belongs
 * in `TEST_FOLDER`, which is deleted at the end.
 */
export default async function startServers() {
  removeLeftovers();
  const dataDir = mkdtempSync(join(tmpdir(), PREFIX));
  // For root PostgreSQL runs as another user, also in the folders that tests make in this one.
  chmodSync(dataDir, 0o711);
  const servers = await startEmbeddedServers({
    dataDir,
    databaseUrl: process.env.TEST_DATABASE_URL,
    redisUrl: process.env.TEST_REDIS_URL,
    durable: false,
    log: (line) => process.stderr.write(`${line}\n`),
  }).catch((error) => {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  });
  process.env.TEST_FOLDER = dataDir;
  process.env.TEST_DATABASE_URL = servers.databaseUrl;
  process.env.TEST_REDIS_URL = servers.redisUrl;
  const template = await makeTemplate(servers.databaseUrl);
  process.env.TEST_TEMPLATE = template;
  const pooler = process.env.TEST_POOLER ? await startPgBouncer(servers.databaseUrl, dataDir) : null;
  if (pooler) process.env.TEST_POOLER_URL = pooler.url;
  const stop = async () => {
    await pooler?.stop();
    await onServer(servers.databaseUrl, `drop database if exists ${template} with (force)`);
    await servers.stop();
    // More than once: servers that tests started may be writing their last.
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  globalThis[RUNNING] = { stop, unhook: stopWhenInterrupted(stop) };
}

/**
 * A database with the schema, of which each test's own is a copy: a copy takes a fifth of the time of the migrations.
 *
 * @returns its name
 */
async function makeTemplate(databaseUrl) {
  const name = `template_${randomUUID().replaceAll('-', '')}`;
  await onServer(databaseUrl, `create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = name;
  await runMigrations(url.href);
  return name;
}

async function onServer(databaseUrl, sql) {
  const client = new Client(databaseUrl);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/** Jest runs no `globalTeardown` when it is interrupted. */
function stopWhenInterrupted(stop) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const interrupted = async (signal) => {
    unhook();
    await stop().finally(() => process.kill(process.pid, signal));
  };
  const unhook = () => signals.forEach((signal) => process.removeListener(signal, interrupted));
  signals.forEach((signal) => process.once(signal, interrupted));
  return unhook;
}

/** The folders of runs that were killed: their servers are gone, as these watch their parent. */
function removeLeftovers() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    if (DataFolder.wasAbandoned(folder)) rmSync(folder, { recursive: true, force: true });
  }
}
