import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callSnooze } from '../../src/batch-jobs/call.snooze.js';
import { WITHDRAWN } from '../../src/calling/dialer.js';
import { aDoor } from '../support/a-door.js';
import { CallRows } from '../support/call-rows.js';
import { eventually } from '../support/eventually.js';
import { startBatch } from '../support/running-batch.js';
import { ANSWERED, ScriptedDialer, type Script } from '../support/scripted-dialer.js';
import { contacts, TestApp } from '../support/test-app.js';
import { truncate } from '../support/truncate.js';

let app: TestApp;
let rows: CallRows;
const dialer = new ScriptedDialer();
beforeAll(async () => {
  // One place: who keeps it keeps everybody waiting.
  app = await TestApp.start({ consumeQueues: true, dialer, settings: { callConcurrency: 1, dialTimeoutSeconds: 1 } });
  rows = new CallRows(app.database);
});
afterAll(() => app.stop());
beforeEach(async () => {
  await app.database.query(`update batch_jobs set status = 'cancelled' where status in ('running', 'paused')`);
  await truncate(app.database, 'batch_jobs, call_attempts');
  await rows.addOrganization('org_a', 5);
  dialer.placed.length = 0;
});

const running = (count: number): Promise<string> => startBatch(app, contacts(count));

const call = (id: string, verb: 'pause' | 'resume' | 'cancel') => async () =>
  expect((await app.post(`/batch/jobs/${id}/${verb}`)).status).toBe(200);

describe('a call that waits inside a dialer', () => {
  /** Of a dialer without a connection, which comes when the batch may not be called any more. */
  const waitsUntilRefused: Script = async (_call, _signal, isPermitted) => {
    await eventually(async () => expect(await isPermitted()).toBe(false));
    return WITHDRAWN;
  };

  it.each([
    ['pause', { pending: 2 }],
    ['cancel', { cancelled: 2 }],
  ] as const)('is not placed after a %s, and is no attempt', async (verb, counts) => {
    dialer.script = waitsUntilRefused;
    const id = await running(2);
    await eventually(() => expect(dialer.placed).toHaveLength(1));

    await call(id, verb)();

    await eventually(async () => expect(await rows.counts(id)).toEqual(counts));
    expect(await rows.calls(id)).toEqual([]);
    expect((await rows.people(id)).map(({ attemptCount }) => attemptCount)).toEqual([0, 0]);
    expect(dialer.placed).toHaveLength(1);
  });

  it('is placed when the paused batch goes on', async () => {
    dialer.script = waitsUntilRefused;
    const id = await running(1);
    await eventually(() => expect(dialer.placed).toHaveLength(1));
    await call(id, 'pause')();
    await eventually(async () => expect(await rows.counts(id)).toEqual({ pending: 1 }));
    dialer.script = () => ANSWERED;
    await call(id, 'resume')();
    await eventually(async () => expect(await rows.counts(id)).toEqual({ completed: 1 }));
  });

  it('is not placed while its batch is held', async () => {
    dialer.script = waitsUntilRefused;
    const id = await running(1);
    await eventually(() => expect(dialer.placed).toHaveLength(1));
    await app.database.query(
      `insert into batch_job_holds
       select $1, 'provider_busy', null, 1, clock_timestamp(), clock_timestamp() + interval '1 hour', 1`,
      [id],
    );
    await eventually(async () => expect(await rows.counts(id)).toEqual({ pending: 1 }));
  });

  it('is not placed when it has ended meanwhile, and stays as it ended', async () => {
    dialer.script = waitsUntilRefused;
    const id = await running(1);
    await eventually(() => expect(dialer.placed).toHaveLength(1));
    await app.database.query(`update call_attempts set ended_at = clock_timestamp(), outcome = 'failed'`);
    await eventually(async () => expect((await rows.calls(id))[0].outcome).toBe('failed'));
  });
});

describe('a dialer that does not heed its signal', () => {
  it('keeps its place for a few seconds only, and what it says later counts', async () => {
    const door = aDoor();
    dialer.script = async () => {
      await door.opened;
      return ANSWERED;
    };
    const stuck = await running(1);
    await eventually(() => expect(dialer.placed).toHaveLength(1));
    dialer.script = () => ANSWERED;
    const next = await running(1);

    await eventually(async () => expect(await rows.counts(next)).toEqual({ completed: 1 }), 15_000);

    expect(await rows.counts(stuck)).toEqual({ dialing: 1 });
    expect(await rows.hold(stuck)).toMatchObject({ reason: 'provider_failing', setbacks: 1 });
    door.open();
    await eventually(async () => expect(await rows.counts(stuck)).toEqual({ completed: 1 }));
  });

  it('may say later, too, that the call was never placed', async () => {
    const door = aDoor();
    dialer.script = async () => {
      await door.opened;
      return callSnooze('provider_busy', { retryAfterMs: 600_000 });
    };
    const id = await running(1);
    await eventually(async () => expect(await rows.hold(id)).toMatchObject({ reason: 'provider_failing' }), 15_000);
    door.open();
    await eventually(async () => expect(await rows.counts(id)).toEqual({ pending: 1 }));
    expect((await rows.hold(id))?.leftMs).toBeGreaterThan(500_000);
  });
});
