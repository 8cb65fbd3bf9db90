import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { eventually } from './eventually.js';

/** A compiled program of ours in a process of its own. */
export class Program {
  /** Everything it printed, standard error included. */
  output = '';
  readonly exited: Promise<number | null>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (text: Buffer) => (this.output += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (this.output += text.toString()));
    this.exited = once(child, 'close').then(([code]) => code as number | null);
  }

  /** @param env the whole environment beside PATH and HOME */
  static run(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Program {
    const { PATH = '', HOME = '' } = process.env;
    return new Program(spawn(process.execPath, [script, ...args], { env: { PATH, HOME, ...env } }));
  }

  /** Closes its output, as `| head` does when it has seen enough. */
  stopReading(): void {
    this.child.stdout?.destroy();
  }

  /** Waits until it has printed what the pattern describes. */
  async says(pattern: RegExp, withinMs = 30_000): Promise<RegExpExecArray> {
    return eventually(() => {
      const found = pattern.exec(this.output);
      if (!found) throw new Error(`not yet: ${String(pattern)}\n${this.output}`);
      return found;
    }, withinMs);
  }

  /** @returns the exit code; null when the signal itself ended it */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
