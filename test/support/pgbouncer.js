import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

// As docs/scaling.md advises, but with the patience of a busy machine.
const LIMITS =
  'set lock_timeout = 2000; set statement_timeout = 60000; set idle_in_transaction_session_timeout = 10000';

const PATIENCE_MS = 10_000;

/**
 * Starts a PgBouncer that gives sessions away after each transaction, for every database of a server.
 *
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 * @throws when there is none on this machine
 */
export async function startPgBouncer(databaseUrl, dataDir) {
  if (spawnSync('pgbouncer', ['--version']).error) {
    throw new Error('There is no pgbouncer in the PATH: apt-get install pgbouncer, and run this again.');
  }
  const { hostname, port: serverPort, username, password } = new URL(databaseUrl);
  const folder = join(dataDir, 'pgbouncer');
  mkdirSync(folder, { mode: 0o755 });
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const server = `host=${hostname} port=${serverPort} user=${username} password=${decodeURIComponent(password)}`;
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    pool_mode: 'transaction',
    auth_type: 'any',
    // Fewer than the service asks for, so that they are shared.
    default_pool_size: 5,
    max_client_conn: 1_000,
    // Each test has a database of its own.
    server_idle_timeout: 5,
    // It does not run as root.
    ...(process.getuid?.() === 0 && { user: 'nobody' }),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(
    file,
    ['[databases]', `* = ${server} connect_query='${LIMITS}'`, '[pgbouncer]', ...lines, ''].join('\n'),
    {
      mode: 0o644,
    },
  );
  const child = spawn('pgbouncer', ['-q', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  await answers(url.href);
  return {
    url: url.href,
    stop: async () => {
      process.removeListener('exit', end);
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function answers(url) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const client = new Client(url);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
