import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NpmStart } from '../support/npm-start.js';
import { freePort, Program } from '../support/programs.js';

let npmStart: NpmStart;
let service: Program;
const administer = (command: string, ...args: string[]) =>
  Program.run(`dist/src/cli/${command}.js`, args, { DATA_DIR: npmStart.dataDir });
const run = promisify(execFile);
const keyIn = (output: string): string => /^bj_live_\w+$/m.exec(output)?.[0] ?? '';

beforeAll(async () => {
  npmStart = await NpmStart.prepare();
  service = await npmStart.ready();
}, 90_000);
afterAll(() => service.end('SIGKILL'));

/** Processes of this machine whose command line names the data folder. */
const processesOf = (folder: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .filter((commandLine) => commandLine.includes(folder));

describe('npm start', () => {
  it('refuses a second start in the same folder, and a port that is taken, each in a sentence', async () => {
    const second = npmStart.run();
    expect(await second.exited).toBe(1);
    expect(second.output).toContain('already running here as process');

    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as { port: number }).port;
    const elsewhere = mkdtempSync(join(process.env.TEST_FOLDER ?? '', 'taken-'));
    const third = npmStart.run({ dataDir: elsewhere, port: taken });
    expect(await third.exited).toBe(1);
    other.close();
    expect(third.output).toContain(`Port ${taken} is taken by another program`);
    expect(processesOf(elsewhere)).toEqual([]);
  }, 90_000);

  it('finds its data and its key again after Ctrl-C, which leaves no process behind', async () => {
    const key = keyIn(service.output);
    await run('sh', ['-c', /^curl .*$/m.exec(service.output)?.[0] ?? '']);
    expect(await service.end('SIGINT')).toBe(0);
    expect(processesOf(npmStart.dataDir)).toEqual([]);

    service = await npmStart.ready();

    expect(keyIn(service.output)).toBe(key);
    const answer = await fetch(`http://127.0.0.1:${npmStart.port}/batch/jobs`, { headers: { 'x-api-key': key } });
    expect(await answer.json()).toMatchObject({ total: 1, batchJobs: [{ name: 'First batch' }] });
  }, 90_000);
});

describe('npm run keys', () => {
  it('makes, lists and revokes a key of the running service', async () => {
    const created = administer('keys', 'create', '--organization', 'org_new', '--scopes', 'jobs:read');
    expect(await created.exited).toBe(0);
    const key = keyIn(created.output);
    const status = async () =>
      (await fetch(`http://127.0.0.1:${npmStart.port}/batch/jobs`, { headers: { 'x-api-key': key } })).status;
    expect(await status()).toBe(200);

    const id = /key_\w+/.exec(created.output)?.[0] ?? '';
    const listed = administer('keys', 'list');
    expect(await listed.exited).toBe(0);
    expect(listed.output).toContain(`${id}  org_new`);
    expect(listed.output).not.toContain(key);

    expect(await administer('keys', 'revoke', id).exited).toBe(0);
    expect(await status()).toBe(401);
  }, 90_000);

  it.each([
    [['create'], 2, 'Name the organization with --organization.'],
    [['create', '--organization', 'o', '--scopes', 'all'], 2, "Unknown scope 'all'. The scopes are jobs:read"],
    [['create', '--organization', 'o', '--expires', 'soon'], 2, 'is not an instant such as'],
    [['create', '--organisation', 'o'], 2, '--organisation'],
    [['revoke', 'key_none'], 1, 'There is no key key_none in force.'],
    [['drop'], 2, "Unknown command 'drop'."],
  ])('answers %j with code %i and what would be right', async (args, code, sentence) => {
    const refused = administer('keys', ...args);
    expect(await refused.exited).toBe(code);
    expect(refused.output).toContain(sentence);
  });

  it.each(['keys', 'organizations', 'phone-numbers'])(
    'names the variable when the service runs on another data folder: %s',
    async (command) => {
      const refused = Program.run(`dist/src/cli/${command}.js`, ['list'], { DATA_DIR: `${npmStart.dataDir}-other` });
      expect(await refused.exited).toBe(1);
      expect(refused.output).toContain(
        `No npm start runs on the data folder ${npmStart.dataDir}-other, and DATABASE_URL is not set.`,
      );
      expect(refused.output).toContain('name that in DATA_DIR');
      expect(refused.output).not.toContain('REDIS_URL is not set');
    },
  );

  it('says what to start when nothing runs', async () => {
    const refused = Program.run('dist/src/cli/keys.js', ['list'], {
      DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
      REDIS_URL: 'redis://127.0.0.1',
      API_KEY_PEPPER: 'x'.repeat(32),
    });
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('PostgreSQL does not answer');
  });
});

describe('npm run phone-numbers', () => {
  it('adds a number and lists it', async () => {
    const added = administer(
      'phone-numbers',
      'add',
      '--organization=org_demo',
      '--number=+1 202 555 0111',
      '--id=phone_new',
      '--agent=agent_new',
    );
    expect(await added.exited).toBe(0);

    const listed = administer('phone-numbers', 'list');
    expect(await listed.exited).toBe(0);
    expect(listed.output).toContain('phone_new  org_demo  +12025550111  agent_new (voice)');
  });

  it.each([
    [['add', '--organization', 'org_demo', '--number', '12'], 2, 'Give the number in E.164'],
    [['add', '--organization', 'org_none', '--number', '+12025550111'], 1, 'There is no such organization'],
    [['add', '--organization', 'org_demo', '--number', '+12025550111', '--id', 'phone_demo'], 1, 'phone_demo is taken'],
  ])('answers %j with code %i and what would be right', async (args, code, sentence) => {
    const refused = administer('phone-numbers', ...args);
    expect(await refused.exited).toBe(code);
    expect(refused.output).toContain(sentence);
  });
});
