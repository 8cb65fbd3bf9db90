import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedis } from '../../src/embedded/redis-program.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/programs.js';

/** What a Redis begins with: nothing, the commands it logged, or a snapshot taken before. */
export type RedisData = 'nothing' | 'log' | 'snapshot';

/** A Redis of a world's own that keeps its data on disk, and comes back with all, some or none of them. */
export class RedisStore {
  private child: ChildProcess | null = null;
  private kept: Promise<Redis> | null = null;

  private constructor(
    private readonly port: number,
    private readonly folder: string,
  ) {}

  static async create(folder: string): Promise<RedisStore> {
    const store = new RedisStore(await freePort(), folder);
    mkdirSync(folder, { recursive: true });
    await store.start('nothing');
    return store;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it unless it runs. */
  async start(from: RedisData = 'log'): Promise<void> {
    if (this.child) return;
    if (from !== 'log') rmSync(join(this.folder, 'appendonlydir'), { recursive: true, force: true });
    rmSync(join(this.folder, 'dump.rdb'), { force: true });
    if (from === 'snapshot') copyFileSync(join(this.folder, 'snapshot.rdb'), join(this.folder, 'dump.rdb'));
    const { file, env } = await findRedis({ toolsDir: join('.data', 'tools'), log: () => undefined });
    // With its log switched on it would not look at a snapshot.
    const settings = { port: this.port, bind: '127.0.0.1', dir: this.folder, save: '', appendonly: logs(from) };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(file, args, { cwd: '/', env: { ...process.env, ...env }, stdio: 'ignore' });
    this.child = child;
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.removeListener('exit', end));
    await eventually(() => this.ask((redis) => redis.ping()));
    if (from === 'snapshot') await this.ask((redis) => redis.config('SET', 'appendonly', 'yes'));
  }

  /** Keeps the data of this moment, for a later start from `'snapshot'`. */
  async takeSnapshot(): Promise<void> {
    await eventually(() => this.ask((redis) => redis.save()));
    copyFileSync(join(this.folder, 'dump.rdb'), join(this.folder, 'snapshot.rdb'));
  }

  /** Asks it on a connection of its own, made anew after a failure. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    this.kept ??= this.connect();
    const kept = this.kept;
    try {
      return await question(await kept);
    } catch (error) {
      if (this.kept === kept) this.kept = null;
      kept.then((redis) => redis.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  private async connect(): Promise<Redis> {
    const redis = new Redis(this.url, {
      lazyConnect: true,
      retryStrategy: () => null,
      enableOfflineQueue: false,
      connectTimeout: 1_000,
      commandTimeout: 5_000,
      disconnectTimeout: 50,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return redis;
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  /** Stops it in mid-step: its connections stay open and nothing is answered. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await this.kept?.then((redis) => redis.disconnect()).catch(() => undefined);
    this.kept = null;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}

const logs = (from: RedisData): string => (from === 'snapshot' ? 'no' : 'yes');
