import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { freePort, Program } from '../support/programs.js';
import { RedisServer } from '../support/redis-server.js';
import { TestDatabase } from '../support/test-database.js';

jest.setTimeout(60_000);

let testDatabase: TestDatabase;
let redis: RedisServer;
beforeAll(async () => {
  testDatabase = await TestDatabase.create();
  redis = await RedisServer.create();
  await redis.ask((client) => client.config('SET', 'requirepass', 'right'));
});
afterAll(async () => {
  await redis.kill();
  await testDatabase.drop();
});

it.each([
  ['main', 'a wrong password', ':wrong@', 'WRONGPASS'],
  ['main', 'no password', '', 'NOAUTH'],
  ['worker', 'a wrong password', ':wrong@', 'WRONGPASS'],
])('%s says that Redis refuses %s', async (role, _what, login, reason) => {
  const program = Program.run(`dist/src/${role}.js`, [], {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url.replace('//', `//${login}`),
    API_KEY_PEPPER: 'x'.repeat(32),
    DIALER: 'simulated',
    PORT: String(await freePort()),
  });
  try {
    const [line] = await program.says(/^.*"msg":"redis refuses the login".*$/m);
    expect(line).toContain(reason);
    expect(program.output).not.toContain('wrong@');
  } finally {
    await program.end('SIGKILL');
  }
});

it('a worker says it once for each consumer, however often it tries', async () => {
  const program = Program.run('dist/src/worker.js', [], {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url.replace('//', '//:wrong@'),
    API_KEY_PEPPER: 'x'.repeat(32),
    DIALER: 'simulated',
    LOG_LEVEL: 'debug',
  });
  try {
    await program.says(/(?:"msg":"consumer is still stopped"[^]*){6}/);
    const told = program.output.split('\n').filter((line) => line.includes('"msg":"redis refuses the login"'));
    expect(told.filter((line) => line.includes('"BatchStartConsumer"'))).toHaveLength(1);
    expect(told.filter((line) => line.includes('"CallConsumer"'))).toHaveLength(1);
  } finally {
    await program.end('SIGKILL');
  }
});
