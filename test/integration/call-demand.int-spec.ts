import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BacklogRepository } from '../../src/batch-jobs/backlog.repository.js';
import { MEASURE_CALL_DEMAND } from '../../src/batch-jobs/backlog.statements.js';
import { callEnd } from '../../src/batch-jobs/call.outcome.js';
import { callSnooze } from '../../src/batch-jobs/call.snooze.js';
import { CallsRepository } from '../../src/batch-jobs/calls.repository.js';
import { SetbacksRepository } from '../../src/batch-jobs/setbacks.repository.js';
import { Database } from '../../src/shared/database.js';
import { CallRows } from '../support/call-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

const LEASE_MS = 60_000;

let db: ScheduleDatabase;
let calls: CallsRepository;
let setbacks: SetbacksRepository;
let backlog: BacklogRepository;
let rows: CallRows;
beforeAll(async () => {
  db = await ScheduleDatabase.create();
  const database = new Database(db.source);
  calls = new CallsRepository(database);
  setbacks = new SetbacksRepository(database);
  backlog = new BacklogRepository(database);
  rows = new CallRows(db.source);
});
afterAll(() => db.drop());
afterEach(() => db.source.query('truncate batch_jobs, call_attempts, organizations cascade'));

/** Callable contacts, free slots, and places wanted. */
async function demand(): Promise<readonly [number, number, number]> {
  const { callableContacts, freeSlots, placesWanted } = await backlog.measureCallDemand();
  return [callableContacts, freeSlots, placesWanted];
}

/** Claims and takes as many calls of `org_a`. @returns their ids */
async function placed(most: number): Promise<string[]> {
  const claimed = await calls.claim('org_a', most);
  for (const call of claimed) expect(await calls.take(call, LEASE_MS)).not.toBeNull();
  expect(claimed).toHaveLength(most);
  return claimed.map(({ callId }) => callId);
}

const end = (callId: string, delayMs = 60_000) =>
  calls.end({
    callId,
    end: callEnd('busy'),
    retry: { delaysMs: [delayMs], leastMs: 0 },
    organizationId: null,
  });

describe('what there is to call', () => {
  it('is nothing where no batch runs', async () => {
    await rows.addOrganization('org_a', 10);
    for (const status of ['pending', 'paused', 'completed', 'failed', 'cancelled']) await rows.addCallable({ status });

    expect(await demand()).toEqual([0, 0, 0]);
  });

  it.each([
    ['the limit of the batch', { organization: 10, batch: 4, contacts: 30 }, [30, 4, 4]],
    ['the limit of the organization', { organization: 7, batch: 50, contacts: 30 }, [30, 7, 7]],
    ['the length of the list', { organization: 40, batch: 50, contacts: 3 }, [3, 40, 3]],
    ['an organization that may not call', { organization: 0, batch: 50, contacts: 30 }, [30, 0, 0]],
  ])('fits into %s', async (_, { organization, batch, contacts }, expected) => {
    await rows.addOrganization('org_a', organization);
    await rows.addCallable({ contacts, callLimit: batch });

    expect(await demand()).toEqual(expected);
  });

  it('is added up over the batches of an organization before its limit is, and then over organizations', async () => {
    await rows.addOrganization('org_a', 6);
    for (const contacts of [1, 2, 30]) await rows.addCallable({ contacts, callLimit: 2 });
    await rows.addOrganization('org_b', 100);
    await rows.addCallable({ contacts: 2, callLimit: 50, organizationId: 'org_b' });

    expect(await demand()).toEqual([35, 56, 7]);
  });

  it('does not fill the free slots of one organization with the contacts of another', async () => {
    await rows.addOrganization('org_a', 0);
    await rows.addCallable({ contacts: 100 });
    await rows.addOrganization('org_b', 50);
    await rows.addCallable({ contacts: 1, organizationId: 'org_b' });

    expect(await demand()).toEqual([101, 50, 1]);
  });

  it('does not change with a claim: who has a slot and waits for a worker is what workers are wanted for', async () => {
    await rows.addOrganization('org_a', 5);
    await rows.addCallable({ contacts: 20 });
    expect(await demand()).toEqual([20, 5, 5]);

    await calls.claim('org_a', 3);

    expect(await demand()).toEqual([20, 5, 5]);
  });

  it('keeps the place of a call until the provider has it, and the slot until it ends', async () => {
    await rows.addOrganization('org_a', 5);
    await rows.addCallable({ contacts: 7 });

    const callIds = await placed(3);
    expect(await demand()).toEqual([4, 2, 5]);
    for (const callId of callIds) await calls.accept(callId, LEASE_MS, { providerCallId: null, roomName: null });
    expect(await demand()).toEqual([4, 2, 2]);
    for (const callId of callIds) await end(callId);
    expect(await demand()).toEqual([4, 5, 4]);
  });

  it('counts calls of a deleted batch in the slots of its organization, and in places', async () => {
    await rows.addOrganization('org_a', 5);
    const deleted = await rows.addCallable({ contacts: 3 });
    await placed(3);
    await rows.addCallable({ contacts: 7 });

    await db.source.query('delete from batch_jobs where id = $1', [deleted]);

    expect(await demand()).toEqual([7, 2, 5]);
  });

  it('has a contact who waits for another call when it is due, of each batch as many as it may call at once', async () => {
    await rows.addOrganization('org_a', 50);
    const id = await rows.addCallable({ contacts: 8, callLimit: 8 });
    for (const callId of await placed(8)) await end(callId);
    expect(await demand()).toEqual([0, 8, 0]);

    await rows.makeDue(id);
    expect(await demand()).toEqual([8, 8, 8]);
    await db.source.query('update batch_jobs set concurrent_call_limit = 3');
    expect(await demand()).toEqual([3, 3, 3]);
  });

  it('has nobody of a batch that is held, and then as many slots as it is allowed', async () => {
    await rows.addOrganization('org_a', 50);
    await rows.addCallable({ contacts: 9, callLimit: 9 });
    const [callId] = await placed(1);

    await setbacks.snooze(callId, callSnooze('provider_busy'), null);
    expect(await demand()).toEqual([0, 0, 0]);
    await rows.passHolds();
    expect(await demand()).toEqual([9, 1, 1]);
  });
});

describe('measuring it', () => {
  /** Pages that the statement looks at. */
  async function pagesRead(): Promise<number> {
    const [{ 'QUERY PLAN': plan }] = await db.source.query<
      [{ 'QUERY PLAN': [{ Plan: Readonly<Record<string, number>> }] }]
    >(`explain (analyze, buffers, format json) ${MEASURE_CALL_DEMAND.text}`);
    return plan[0].Plan['Shared Hit Blocks'] + plan[0].Plan['Shared Read Blocks'];
  }

  it('reads no more of a long list than of a short one, whoever is due in it', async () => {
    await rows.addOrganization('org_a', 50);
    const id = await rows.addCallable({ contacts: 50 });
    await db.source.query(
      `update contacts set status = 'queued', next_retry_at = clock_timestamp() where position % 2 = 0`,
    );
    await db.source.query('vacuum analyze');
    const short = await pagesRead();

    await db.source.query(
      `insert into contacts (id, batch_job_id, position, phone_number, contact_data, status, next_retry_at)
       select $1 || '.' || place, $1, place, '+12025550123', '{}', (array['pending', 'queued'])[1 + place % 2],
              case when place % 2 = 1 then clock_timestamp() end
         from generate_series(100, 20000) as place`,
      [id],
    );
    await db.source.query('vacuum analyze');

    expect(await demand()).toEqual([25 + 9_951 + 50, 50, 50]);
    expect(await pagesRead()).toBeLessThan(short + 100);
  });
});
