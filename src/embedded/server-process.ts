import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import type { DataFolder } from './data-folder.js';
import { end, identify, isRunning, until, type ProcessIdentity } from './processes.js';

/** Told one line for each step that may take more than a moment. */
export type Log = (line: string) => void;

export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  /** Ends the server in good order; may be called twice. */
  stop(): Promise<void>;
}

/** How one kind of server is run on a port. */
export interface ServerKind {
  readonly name: 'PostgreSQL' | 'Redis';
  /** The name of its files in the data folder. */
  readonly key: 'postgres' | 'redis';
  readonly stopSignal: NodeJS.Signals;
  command(port: number): ServerCommand;
  /** Connects as a client would. May throw: that means not yet. */
  answers(url: string): Promise<boolean>;
  url(port: number): string;
}

interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

// After a crash PostgreSQL replays its log and Redis its whole file before they answer.
const START_PATIENCE_MS = 60_000;
// A port can be taken between the look and the start.
const PORT_ATTEMPTS = 3;

/**
 * Starts a server on the port it had last time, or on another when that one is taken, and waits until it answers.
 * A server that a killed parent left behind on this folder is stopped first.
 */
export async function startServer(kind: ServerKind, folder: DataFolder, log: Log): Promise<RunningServer> {
  const last = folder.stateOf(kind.key);
  if (last && isRunning(last)) {
    log(`Stopping ${kind.name} (process ${last.pid}), left behind by a run that was killed.`);
    await end(last, kind.stopSignal);
  }
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(attempt === 1 ? last?.port : undefined);
    const server = launch(kind, port, folder, log);
    if (await server.isReady()) return server;
    await server.stop();
    const said = lastLines(folder.file(`${kind.key}.log`));
    if (attempt < PORT_ATTEMPTS && /address already in use/i.test(said)) continue;
    throw new Error(`${kind.name} did not start. Its last words (${folder.file(`${kind.key}.log`)}):\n${said}`);
  }
}

function launch(kind: ServerKind, port: number, folder: DataFolder, log: Log) {
  const { child, identity } = spawnApart(kind, port, folder);
  folder.remember(kind.key, { ...identity, port });
  const dismissWatchdog = watch(identity.pid, kind.stopSignal);
  const url = kind.url(port);
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  let ready = false;
  let stopping: Promise<void> | undefined;
  child.once('exit', () => {
    if (ready && !stopping) log(`${kind.name} stopped by itself; see ${folder.file(`${kind.key}.log`)}.`);
    void dismissWatchdog();
  });
  return {
    url,
    pid: identity.pid,
    stop: () => (stopping ??= end(identity, kind.stopSignal).then(dismissWatchdog)),
    async isReady(): Promise<boolean> {
      await until(async () => gone() || (ready = await kind.answers(url).catch(() => false)), START_PATIENCE_MS);
      return ready;
    },
  };
}

/**
 * In a process group of its own, because Ctrl-C in a terminal reaches the whole group: the servers must outlive the
 * service, which still drains. Its output goes to a file, because a pipe would break with us.
 */
function spawnApart(kind: ServerKind, port: number, folder: DataFolder) {
  const { file, args, ...options } = kind.command(port);
  const output = openSync(folder.file(`${kind.key}.log`), 'w', 0o600);
  const child: ChildProcess = spawn(file, args, {
    ...options,
    cwd: '/',
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  // Whoever forgets to stop a server must still be able to end; the watchdog then stops it.
  child.unref();
  child.on('error', () => undefined);
  if (child.pid === undefined) throw new Error(`${kind.name} could not be run: ${file}`);
  const identity: ProcessIdentity = identify(child.pid) ?? { pid: child.pid, born: '' };
  return { child, identity };
}

/**
 * A shell that waits for the end of its input, which comes when this process is gone, however it went (`kill -9`
 * too), and then stops the server. A line of input says that all is in order.
 * @returns how to send it away
 */
function watch(pid: number, signal: NodeJS.Signals): () => Promise<void> {
  const script = 'read -r _ || kill -s "$1" "$2"';
  const args = ['-c', script, 'watchdog', signal.replace('SIG', ''), String(pid)];
  const shell = spawn('/bin/sh', args, { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const left = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  shell.stdin.on('error', () => undefined);
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return () => {
    shell.ref();
    if (!shell.stdin.writableEnded) shell.stdin.end('\n');
    return left;
  };
}

/** @param wanted taken when it is free */
async function freePort(wanted?: number): Promise<number> {
  const listener = createServer();
  try {
    listener.listen({ host: '127.0.0.1', port: wanted ?? 0 });
    await once(listener, 'listening');
    const address = listener.address();
    return typeof address === 'object' && address ? address.port : await freePort();
  } catch (error) {
    if (wanted === undefined) throw error;
    return await freePort();
  } finally {
    listener.close();
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
}
