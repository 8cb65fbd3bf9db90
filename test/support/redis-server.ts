import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedis } from '../../src/embedded/redis-program.js';
import { eventually } from './eventually.js';
import { freePort } from './programs.js';

/** A Redis of a test's own, to be frozen, killed and started again. It keeps nothing on disk. */
export class RedisServer {
  private child: ChildProcess | null = null;

  private constructor(readonly port: number) {}

  /** @param isRunning false: nothing answers on its port until `start` */
  static async create(isRunning = true): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    if (isRunning) await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Empty, on the same port. */
  async start(): Promise<void> {
    const { file, env } = await findRedis({ toolsDir: join('.data', 'tools'), log: () => undefined });
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(file, args, { cwd: '/', env: { ...process.env, ...env }, stdio: 'ignore' });
    this.child = child;
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.removeListener('exit', end));
    await eventually(() => this.ask((redis) => redis.ping()));
  }

  /** Asks it on a connection of its own. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null, disconnectTimeout: 50 });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** Stops it in mid-step: its connections stay open and nothing is answered. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends it at once, with all its data. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}
