import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NpmStart } from '../support/npm-start.js';
import type { Program } from '../support/programs.js';

const run = promisify(execFile);

let npmStart: NpmStart;
let service: Program;
beforeAll(async () => {
  npmStart = await NpmStart.prepare();
  service = await npmStart.ready();
});
afterAll(() => service.end('SIGKILL'));

describe('npm start', () => {
  it('prints the address of Swagger UI, and a curl that creates a batch', async () => {
    expect(service.output).toContain(`Swagger UI: http://127.0.0.1:${npmStart.port}/docs`);
    const curl = /^curl .*$/m.exec(service.output)?.[0] ?? '';

    const { stdout } = await run('sh', ['-c', curl]);

    expect(JSON.parse(stdout)).toMatchObject({ success: true, totalContacts: 1, status: 'scheduled' });
  });
});
