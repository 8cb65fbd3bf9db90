import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bull';
import type { Queue } from 'bull';
import { Client } from 'pg';
import { callEnd } from '../../src/batch-jobs/call.outcome.js';
import { Dispatcher } from '../../src/calling/dispatcher.js';
import { BATCH_CALL_PRODUCER } from '../../src/queue/queues.js';
import { aDoor } from '../support/a-door.js';
import { CallRows } from '../support/call-rows.js';
import { eventually } from '../support/eventually.js';
import { ACCEPTED, ANSWERED, ScriptedDialer } from '../support/scripted-dialer.js';
import { TestApp } from '../support/test-app.js';
import { truncate } from '../support/truncate.js';

let app: TestApp;
let rows: CallRows;
const dialer = new ScriptedDialer();
beforeAll(async () => {
  app = await TestApp.start({ consumeQueues: true, dialer });
  rows = new CallRows(app.database);
});
afterAll(() => app.stop());
beforeEach(async () => {
  await app.database.query(`update batch_jobs set status = 'cancelled' where status in ('running', 'paused')`);
  await truncate(app.database, 'batch_jobs, call_attempts');
  await rows.addOrganization('org_a', 1_000);
  await rows.addOrganization('org_b', 5);
  Object.assign(dialer, { script: () => ANSWERED, knows: () => null });
  dialer.placed.length = 0;
});

const dispatch = (organizationId: string) => app.app.get(Dispatcher, { strict: false }).dispatch(organizationId);
const placedOf = (organizationId: string) => dialer.placed.filter((call) => call.organizationId === organizationId);

/** How many calls their provider has taken, as it was written. */
const becomes = (id: string, status: string) =>
  eventually(async () => {
    const { status: found } = await rows.row(id);
    if (found !== status) throw new Error(`${id} is ${found}: ${JSON.stringify(await rows.counts(id))}`);
  });

describe('an organization with a slow provider', () => {
  it('and a thousand claims is not felt by another: its calls are placed while none of those has ended', async () => {
    const door = aDoor();
    dialer.script = async ({ organizationId }) => {
      if (organizationId === 'org_a') await door.opened;
      return ANSWERED;
    };
    const slow: string[] = [];
    for (let batch = 0; batch < 20; batch += 1) slow.push(await rows.addCallable({ contacts: 50 }));
    await dispatch('org_a');
    await eventually(() => expect(placedOf('org_a')).toHaveLength(40));
    const other = await rows.addCallable({ contacts: 30, organizationId: 'org_b' });

    await dispatch('org_b');
    await becomes(other, 'completed');

    expect(placedOf('org_b')).toHaveLength(30);
    expect(placedOf('org_a')).toHaveLength(40);
    door.open();
    for (const id of slow) await becomes(id, 'completed');
    expect(placedOf('org_a')).toHaveLength(1_000);
    expect(new Set(dialer.placed.map(({ contactId }) => contactId)).size).toBe(1_030);
  });

  it('that does not answer look-ups keeps neither those of another waiting, nor the sweep', async () => {
    const door = aDoor();
    dialer.script = () => ACCEPTED;
    const slow = [await rows.addCallable({ contacts: 50 }), await rows.addCallable({ contacts: 50 })];
    const other = await rows.addCallable({ contacts: 1, organizationId: 'org_b' });
    await Promise.all([dispatch('org_a'), dispatch('org_b')]);
    await eventually(async () => expect(await rows.acceptedCalls()).toBe(101));
    const asked: string[] = [];
    dialer.knows = async ({ organizationId, callId }) => {
      asked.push(callId);
      if (organizationId === 'org_a') await door.opened;
      return callEnd('answered');
    };
    for (const id of slow) await rows.endLeases(id);
    await eventually(() => expect(asked).toHaveLength(16));
    await rows.endLeases(other);

    await becomes(other, 'completed');

    expect(asked).toHaveLength(17);
    door.open();
    for (const id of slow) await becomes(id, 'completed');
  });
});

describe('a batch whose row is locked for seconds', () => {
  it('keeps no other batch from being called, of whatever organization', async () => {
    const door = aDoor();
    const held = await rows.addCallable({ contacts: 2, callLimit: 1 });
    dialer.script = async ({ batchJobId }) => {
      if (batchJobId === held) await door.opened;
      return ANSWERED;
    };
    await dispatch('org_a');
    await eventually(() => expect(dialer.placed).toHaveLength(1));
    const session = new Client(app.settings.databaseUrl);
    await session.connect();
    try {
      await session.query('begin');
      await session.query('select from batch_jobs where id = $1 for update', [held]);
      // Its end waits for the lock from now on.
      door.open();
      const neighbour = await rows.addCallable({ contacts: 20 });
      const other = await rows.addCallable({ contacts: 20, organizationId: 'org_b' });

      await Promise.all([dispatch('org_a'), dispatch('org_b')]);
      await eventually(async () => expect(await rows.counts(neighbour)).toEqual({ completed: 20 }));
      await eventually(async () => expect(await rows.counts(other)).toEqual({ completed: 20 }));

      expect(await rows.counts(held)).toEqual({ dialing: 1, pending: 1 });
    } finally {
      await session.query('rollback');
      await session.end();
    }
    await becomes(held, 'completed');
  });
});

describe('calls that Redis has, and nobody takes from it', () => {
  it('are placed by the sweep', async () => {
    const queue = app.app.get<Queue>(getQueueToken(BATCH_CALL_PRODUCER), { strict: false });
    await queue.pause();
    try {
      const id = await rows.addCallable({ contacts: 3 });
      await dispatch('org_a');
      await eventually(async () => expect(await rows.calls(id)).toHaveLength(3));
      await app.database.query(`update call_attempts set claimed_at = claimed_at - interval '20 seconds'`);

      await becomes(id, 'completed');

      expect(dialer.placed).toHaveLength(3);
    } finally {
      await queue.resume();
    }
  });
});
