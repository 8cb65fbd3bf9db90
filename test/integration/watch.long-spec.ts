import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contacts, TestApp, UNKNOWN_ID } from '../support/test-app.js';
import { freePort, Program } from '../support/programs.js';
import { TcpProxy } from '../support/tcp-proxy.js';

let app: TestApp;
let nowhere: Readonly<Record<string, string>>;
beforeAll(async () => {
  app = await TestApp.start();
  nowhere = { DATA_DIR: `${process.env.TEST_FOLDER}/none` };
});
afterAll(() => app.stop());

const watch = (id: string, url = app.url, env: Readonly<Record<string, string>> = { BATCH_JOBS_API_KEY: app.key }) =>
  Program.run('dist/src/cli/watch.js', [id, '--url', url], { ...nowhere, ...env });

const running = async (): Promise<string> => {
  const id = await app.create({ contacts: contacts(4) });
  await app.post(`/batch/jobs/${id}/start`);
  return id;
};

const complete = async (id: string): Promise<void> => {
  for (let position = 1; position <= 4; position += 1) await app.setContactStatus(id, position, 'completed');
  await app.database.query(
    `update batch_jobs set status = 'completed', completed_at = clock_timestamp() where id = $1`,
    [id],
  );
};

describe('npm run watch', () => {
  it('shows a line for each change, and ends with 0 when the batch is completed', async () => {
    const id = await running();
    const program = watch(id);
    await program.says(/^running \[░+\] {3}0% 0\/4 · pending 4$/m);

    await app.setContactStatus(id, 1, 'busy');
    await program.says(/^running \[█{6}░{18}\] {2}25% 1\/4 · done about [^ ]*Z · pending 3, busy 1$/m);
    await complete(id);

    expect(await program.exited).toBe(0);
    expect(program.output).toMatch(/^completed \[█{24}\] 100% 4\/4 · completed 4\nThe batch is completed\.\n$/m);
  });

  it('ends with 1 when the batch is cancelled', async () => {
    const id = await running();
    const program = watch(id);
    await program.says(/^running/m);
    await app.post(`/batch/jobs/${id}/cancel`);
    expect(await program.exited).toBe(1);
    expect(program.output).toContain('The batch is cancelled.');
  });

  it('names the variable when the service keeps its key in another data folder', async () => {
    const program = watch(UNKNOWN_ID, app.url, {});
    expect(await program.exited).toBe(2);
    expect(program.output).toContain(`the data folder of the npm start in DATA_DIR: ${nowhere.DATA_DIR} has no key.`);
  });

  it('connects again when the connection is lost', async () => {
    const proxy = await TcpProxy.start(app.url);
    try {
      const id = await running();
      const program = watch(id, proxy.url);
      await program.says(/^running/m);
      await proxy.refuse();
      await program.says(/^connecting again …$/m);
      await complete(id);
      await proxy.heal();
      expect(await program.exited).toBe(0);
    } finally {
      await proxy.stop();
    }
  });

  it('says in a sentence what it cannot watch', async () => {
    const unknown = watch(UNKNOWN_ID);
    expect([await unknown.exited, unknown.output]).toEqual([1, 'Batch job not found\n']);
    const refused = watch(UNKNOWN_ID, app.url, { BATCH_JOBS_API_KEY: 'bj_live_x' });
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('API key');
    const dead = watch(UNKNOWN_ID, `http://127.0.0.1:${await freePort()}`);
    expect(await dead.exited).toBe(1);
    expect(dead.output).toMatch(/Nothing answers at http:\/\/127\.0\.0\.1:\d+\. Start the service/);
    const withoutKey = watch(UNKNOWN_ID, app.url, {});
    expect(await withoutKey.exited).toBe(2);
    expect(withoutKey.output).toContain('BATCH_JOBS_API_KEY');
  });
});

describe('npm run organizations', () => {
  const run = (...args: string[]): Program => {
    const { databaseUrl, redisUrl, apiKeyPepper } = app.settings;
    const env = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, API_KEY_PEPPER: apiKeyPepper, ...nowhere };
    return Program.run('dist/src/cli/organizations.js', args, env);
  };

  it('lists organizations, and sets how many calls one may have', async () => {
    const limited = run('limit', '--organization', 'org_b', '--calls', '20');
    expect(await limited.exited).toBe(0);
    expect(limited.output).toBe('org_b may have 20 calls at one time. Calls in progress go on.\n');
    const listed = run('list');
    expect(await listed.exited).toBe(0);
    expect(listed.output).toBe(
      'org_a  Organization a  0 calls at one time\norg_b  Organization b  20 calls at one time\n',
    );
  });

  it.each([
    [['limit', '--organization', 'org_x', '--calls', '1'], 1, 'There is no organization org_x'],
    [['limit', '--organization', 'org_a', '--calls', '10001'], 2, 'from 0 to 10000'],
    [['limit', '--organization', 'org_a'], 2, 'from 0 to 10000'],
    [['limit', '--calls', '1'], 2, '--organization'],
    [['drop'], 2, "Unknown command 'drop'"],
  ])('%j ends with %d', async (args, code, sentence) => {
    const program = run(...args);
    expect(await program.exited).toBe(code);
    expect(program.output).toContain(sentence);
  });
});
