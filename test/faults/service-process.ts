import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '../support/eventually.js';
import type { ProcessRecord } from './evidence.js';
import { Turns } from './turns.js';

/** Where a process is to die, see `preload/failpoints.js`. */
export interface Failpoint {
  readonly point: string;
  /** @default 1 */
  readonly nth?: number;
}

/** The compiled programs; another folder of them can be judged by the same faults. */
const DIST = process.env.FAULTS_DIST ?? 'dist';
const PRELOAD = join('test', 'faults', 'preload', 'control.js');

// A boot takes two seconds of processor time, on a machine that may be busy.
const BOOT_PATIENCE_MS = 120_000;
// More of them at once would starve what already serves.
const boots = new Turns(2);

/** One of our processes, which dies and is started again. */
export class ServiceProcess {
  private child: ChildProcess | null = null;
  private lines: string[] = [];
  private rest = '';
  private diedWith: string | null = null;
  private isReady = false;
  private messages = 0;

  /** @param isUp how to find out that it serves; a worker says so itself */
  constructor(
    readonly name: string,
    private readonly program: 'main' | 'worker',
    private readonly environment: () => Readonly<Record<string, string>>,
    private readonly isUp?: () => Promise<boolean>,
  ) {}

  get isRunning(): boolean {
    return this.child !== null;
  }

  /** Starts it unless it runs, and waits until it serves. */
  start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    return boots.take(() => this.boot(more));
  }

  private async boot(more: Readonly<Record<string, string>>): Promise<void> {
    if (!this.child) this.spawn(more);
    await eventually(async () => {
      if (!this.child) throw new Error(`${this.name} ended while it started\n${this.lines.slice(-20).join('\n')}`);
      if (!(await (this.isUp?.() ?? this.isReady))) throw new Error(`${this.name} does not serve`);
    }, BOOT_PATIENCE_MS);
  }

  /** Kills it when it gets there; `died` waits for that. */
  arm(failpoint: Failpoint): Promise<void> {
    return this.tell({ failpoint });
  }

  /** Sets its clock apart from the machine's. */
  skew(skewMs: number): Promise<void> {
    return this.tell({ skewMs });
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** @returns the exit code and how long it took; null when it did not run */
  async terminate(): Promise<{ code: number | null; tookMs: number } | null> {
    const from = performance.now();
    const ended = await this.end('SIGTERM');
    return ended && { code: ended.code, tookMs: performance.now() - from };
  }

  /** Whether it has died at the point it was armed for. */
  hasReached(point: string): boolean {
    return !this.child && this.lines.some((line) => line === `failpoint ${point}`);
  }

  /** What happened since the last call. */
  take(): ProcessRecord {
    const record = { name: this.name, lines: this.lines, diedWith: this.diedWith };
    this.lines = [];
    this.diedWith = null;
    return record;
  }

  private spawn(more: Readonly<Record<string, string>>): void {
    const { PATH = '', HOME = '' } = process.env;
    const dist = pathToFileURL(join(DIST, '/')).href;
    const args = ['--import', pathToFileURL(PRELOAD).href, join(DIST, 'src', `${this.program}.js`)];
    const env = { PATH, HOME, FAULTS_DIST_URL: dist, ...this.environment(), ...more };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.child = child;
    this.isReady = false;
    child.stdout?.on('data', (text: Buffer) => this.read(text.toString()));
    child.stderr?.on('data', (text: Buffer) => this.read(text.toString()));
    child.on('message', (message: { ready?: boolean }) => {
      if (message.ready) this.isReady = true;
    });
    child.once('close', (code, signal) => {
      // Whoever ends it has let go of it before.
      if (this.child !== child) return;
      this.child = null;
      if (!this.lines.some((line) => line.startsWith('failpoint '))) this.diedWith = `code ${code}, signal ${signal}`;
    });
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    this.lines.push(...lines);
  }

  private async end(signal: NodeJS.Signals): Promise<{ code: number | null } | null> {
    const { child } = this;
    if (!child) return null;
    this.child = null;
    const closed = once(child, 'close');
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    return { code };
  }

  /** Resolves when it has taken the message, or has died meanwhile. */
  private async tell(message: object): Promise<void> {
    const { child } = this;
    if (!child) return;
    this.messages += 1;
    const id = this.messages;
    const taken = new Promise<void>((resolve) => {
      const listen = (answer: { done?: number }) => {
        if (answer.done === id) done();
      };
      const done = () => {
        child.off('message', listen).off('close', done);
        resolve();
      };
      child.on('message', listen).on('close', done);
      child.send({ ...message, id }, () => undefined);
    });
    await taken;
  }
}
