import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, Program } from './programs.js';

const START = 'dist/src/embedded/start.js';

/** `npm start` in a folder, and on a port, of its own. */
export class NpmStart {
  private constructor(
    readonly dataDir: string,
    readonly port: number,
  ) {}

  static async prepare(): Promise<NpmStart> {
    return new NpmStart(mkdtempSync(join(process.env.TEST_FOLDER ?? '', 'start-')), await freePort());
  }

  /** @param elsewhere another folder or port */
  run(elsewhere: { readonly dataDir?: string; readonly port?: number } = {}): Program {
    const { dataDir = this.dataDir, port = this.port } = elsewhere;
    return Program.run(START, [], { DATA_DIR: dataDir, PORT: String(port) });
  }

  /** @returns once it says how to stop it */
  async ready(): Promise<Program> {
    const service = this.run();
    await service.says(/Stop it with Ctrl-C/, 60_000);
    return service;
  }
}
