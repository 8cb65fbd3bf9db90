import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { AcknowledgedStarts } from '../support/acknowledged-starts.js';
import { eventually } from '../support/eventually.js';
import { Fleet, inMs } from '../support/fleet.js';
import { JobRows } from '../support/job-rows.js';
import { PostgresPair } from '../support/postgres-pair.js';
import { soon } from '../support/soon.js';
import { patientSource } from '../support/test-database.js';

// docs/reliability.md: without Redis; here from the end of the outage, which the test makes as long as it likes.
const BOUND_MS = 15_000;
const BATCHES = 20;

let pair: PostgresPair;
let fleet: Fleet;
let database: DataSource;
let rows: JobRows;
let starts: AcknowledgedStarts;

async function begin(isSynchronous: boolean): Promise<void> {
  pair = await PostgresPair.start(isSynchronous);
  fleet = await Fleet.start({ databaseUrl: pair.address.url, redisUrl: process.env.TEST_REDIS_URL ?? '' });
  database = await patientSource(pair.standbyUrl, 5);
  rows = new JobRows(database);
  starts = new AcknowledgedStarts(fleet, rows);
  await starts.comePunctually();
}

async function end(): Promise<void> {
  await fleet?.kill();
  await database?.destroy();
  await pair?.stop();
}

const create = async (startsAt: Date): Promise<string> => {
  const id = await starts.create(startsAt);
  if (id === null) throw new Error('not created');
  return id;
};

const moved = (id: string, toMs: number): Promise<void> =>
  eventually(async () => {
    if ((await starts.move(id, inMs(toMs))) !== 200) throw new Error(`not moved: ${[...starts.statuses].join()}`);
  });

const healsItself = async (): Promise<void> => {
  await starts.comePunctually();
  await eventually(async () => expect(await fleet.send('GET', '/health')).toMatchObject({ body: { status: 'ok' } }));
  for (const each of [...fleet.apis, ...fleet.workers]) expect(await each.end('SIGTERM')).toBe(0);
};

describe.each([
  ['is killed', false],
  ['loses its power, so that its connections stay open and silent', true],
])('a primary with a synchronous standby that %s in the middle of moves', (_how, isSilent) => {
  beforeAll(() => begin(true));
  afterAll(end);

  it('acknowledges nothing while its standby is silent', async () => {
    const created = await fleet.create(inMs(3_600_000));
    const move = () => fleet.move(String(created.body.batchJobId), inMs(3_700_000));
    pair.link.blackhole();
    // PostgreSQL calls a commit whose wait is cancelled a success: no limit of ours may cancel it, alone or in a transaction.
    for (const answer of await Promise.all([move(), fleet.create(inMs(3_600_000))]))
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(await pair.waitingCommits()).toBeGreaterThan(0);
    await pair.link.heal();
    await soon('the first move after the standby is back', () =>
      eventually(async () => expect(await move()).toMatchObject({ status: 200 })),
    );
  });

  it('loses nothing that was acknowledged, and is written to again when the standby is promoted', async () => {
    const ids: string[] = [];
    while (ids.length < BATCHES) ids.push(await create(inMs(3_600_000)));
    const dueMeanwhile = await create(inMs(2_000));
    const over = new AbortController();
    const moving = ids.map(async (id, at) => {
      while (!over.signal.aborted) await moved(id, 30_000 + 100 * at);
      await moved(id, 5_000 + 100 * at);
    });
    await eventually(() => expect(starts.statuses).toContain(200));

    // Commits that the standby has not got: whoever answered one of these would have lied.
    pair.link.blackhole();
    await eventually(async () => expect(await pair.waitingCommits()).toBeGreaterThan(0));
    if (isSilent) pair.address.halfOpen();
    const lostAt = performance.now();
    await pair.losePrimary();
    pair.pointToStandby();

    await soon('who writes to the standby is told to come again', () =>
      eventually(async () => {
        expect(await fleet.move(dueMeanwhile, inMs(60_000))).toMatchObject({
          status: 503,
          body: { code: 'unavailable', detail: expect.stringContaining('takes no changes') },
        });
      }),
    );
    await eventually(async () => {
      expect(await fleet.send('GET', '/health')).toMatchObject({
        status: 503,
        body: { status: 'unavailable', postgres: 'refuses_writes' },
      });
    });
    expect(await fleet.send('GET', `/batch/jobs/${dueMeanwhile}`)).toMatchObject({ body: { status: 'scheduled' } });

    await pair.promote();
    await soon('the first move after the promotion', () => moved(ids[0], 30_000));
    const awayMs = performance.now() - lostAt;
    over.abort();
    await Promise.all(moving);

    await starts.areKept(BOUND_MS + awayMs);
    await healsItself();
    expect(starts.statuses).toEqual(new Set([200, 503]));
  });
});

describe('a primary that does not wait for its standby', () => {
  beforeAll(() => begin(false));
  afterAll(end);

  it('loses what it acknowledged, and a timer of a revision that is used again starts nothing', async () => {
    const [late, early] = [await create(inMs(3_600_000)), await create(inMs(3_600_000))];
    await eventually(async () => expect(await rows.row(early)).toMatchObject({ revision: 1 }));
    pair.link.blackhole();
    expect(await fleet.move(late, inMs(4_000))).toMatchObject({ status: 200 });
    expect(await fleet.move(early, inMs(3_000_000))).toMatchObject({ status: 200 });
    await pair.losePrimary();
    await pair.promote();
    pair.pointToStandby();
    for (const id of [late, early]) expect(await rows.row(id)).toMatchObject({ revision: 1 });

    // Revision 2 for the second time, with the lost one's timer in Redis: ahead of it, and far behind.
    await soon('the first move after the address follows the promotion', () => moved(late, 20_000));
    await moved(early, 20_000);
    for (const id of [late, early]) expect(await rows.row(id)).toMatchObject({ revision: 2 });
    await starts.areKept(BOUND_MS);
    for (const id of [late, early]) expect(await rows.starts(id)).toMatchObject([{ revision: 2 }]);

    await healsItself();
  });
});
