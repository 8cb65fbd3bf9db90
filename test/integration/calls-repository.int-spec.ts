import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callEnd, UNKNOWN_OUTCOME, type CallOutcome } from '../../src/batch-jobs/call.outcome.js';
import { CallsRepository, type RetryDelays } from '../../src/batch-jobs/calls.repository.js';
import { RETRYABLE_STATUSES } from '../../src/batch-jobs/contact.status.js';
import { Database } from '../../src/shared/database.js';
import { CallRows } from '../support/call-rows.js';
import { MOST_AT_ONE_TIME } from '../support/most-at-one-time.js';
import { CALLER, by } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

const LEASE_MS = 60_000;
const MINUTE_MS = 60_000;
const DELAYS: RetryDelays = { delaysMs: [5 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS], leastMs: 0 };

let db: ScheduleDatabase;
let calls: CallsRepository;
let rows: CallRows;
beforeAll(async () => {
  db = await ScheduleDatabase.create();
  calls = new CallsRepository(new Database(db.source));
  rows = new CallRows(db.source);
});
afterAll(() => db.drop());
afterEach(() => db.source.query('truncate batch_jobs, call_attempts, organizations cascade'));

const end = (callId: string, outcome: CallOutcome, delays = DELAYS) =>
  calls.end({ callId, end: callEnd(outcome), retry: delays, organizationId: null });

/** Claims and takes one call. @returns its id */
async function placed(organizationId = 'org_a'): Promise<string> {
  const [call] = await calls.claim(organizationId, 1);
  expect(await calls.take(call, LEASE_MS)).not.toBeNull();
  return call.callId;
}

/** The same, by so many at the same time. */
const together = <T>(rivals: number, work: (rival: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: rivals }, (_, rival) => work(rival)));

/** How many calls each job has in flight. */
const inFlight = async (ids: readonly string[]): Promise<number[]> =>
  Promise.all(ids.map(async (id) => (await rows.calls(id)).filter(({ outcome }) => outcome === null).length));

describe('a claim', () => {
  it('takes contacts in the order of the list, each once, and counts them', async () => {
    await rows.addOrganization('org_a', 10);
    const id = await rows.addCallable({ contacts: 4, callLimit: 3 });

    const claimed = await calls.claim('org_a', 100);

    expect(claimed).toHaveLength(3);
    expect((await rows.people(id)).map(({ status, attemptCount }) => [status, attemptCount])).toEqual([
      ['dialing', 1],
      ['dialing', 1],
      ['dialing', 1],
      ['pending', 0],
    ]);
    expect(await calls.claim('org_a', 100)).toEqual([]);
    expect(await rows.counts(id)).toEqual({ dialing: 3, pending: 1 });
  });

  it('gives no more slots than the organization has, whatever its batches may', async () => {
    await rows.addOrganization('org_a', 5);
    const ids = [await rows.addCallable({ contacts: 9 }), await rows.addCallable({ contacts: 9 })];

    expect(await calls.claim('org_a', 100)).toHaveLength(5);
    expect((await inFlight(ids)).toSorted((a, b) => a - b)).toEqual([2, 3]);
  });

  it('leaves the calls of other organizations alone', async () => {
    await rows.addOrganization('org_a', 5);
    await rows.addOrganization('org_b', 5);
    const other = await rows.addCallable({ organizationId: 'org_b' });
    expect(await calls.claim('org_a', 100)).toEqual([]);
    expect(await inFlight([other])).toEqual([0]);
  });

  it.each(['pending', 'scheduled', 'paused', 'cancelled', 'failed', 'completed'] as const)(
    'takes nobody of a %s batch',
    async (status) => {
      await rows.addOrganization('org_a', 5);
      await (status === 'scheduled' ? rows.add({ status }) : rows.addCallable({ status }));
      expect(await calls.claim('org_a', 100)).toEqual([]);
    },
  );

  it('gives nothing to an organization whose limit is 0, or below what is in flight', async () => {
    await rows.addOrganization('org_a', 2);
    await rows.addCallable();
    expect(await calls.claim('org_a', 100)).toHaveLength(2);
    for (const limit of [1, 0]) {
      await rows.addOrganization('org_a', limit);
      expect(await calls.claim('org_a', 100)).toEqual([]);
    }
  });

  it('lets batches take turns: the one with the fewest calls in flight first', async () => {
    await rows.addOrganization('org_a', 4);
    const first = await rows.addCallable({ contacts: 20 });
    await calls.claim('org_a', 100);
    const second = await rows.addCallable({ contacts: 20 });
    await rows.addOrganization('org_a', 6);

    await calls.claim('org_a', 100);

    expect(await inFlight([first, second])).toEqual([4, 2]);
  });

  it('lets fifty batches take turns at one slot', async () => {
    await rows.addOrganization('org_a', 1);
    const ids: string[] = [];
    for (let jobs = 0; jobs < 50; jobs += 1) ids.push(await rows.addCallable({ contacts: 3 }));

    for (let turn = 0; turn < 100; turn += 1) await end(await placed(), 'answered');

    for (const id of ids) expect(await rows.calls(id)).toHaveLength(2);
  });

  it('takes due retries first, and none that are not due', async () => {
    await rows.addOrganization('org_a', 1);
    const id = await rows.addCallable({ contacts: 3 });
    await end(await placed(), 'busy');
    await end(await placed(), 'busy');
    expect((await rows.people(id)).map(({ status }) => status)).toEqual(['queued', 'queued', 'pending']);
    const [, second] = await rows.people(id);
    await db.source.query('update contacts set next_retry_at = clock_timestamp() where id = $1', [second.id]);

    const callId = await placed();

    const [{ contactId, attempt }] = (await rows.calls(id)).filter((call) => call.id === callId);
    expect([contactId, attempt]).toEqual([second.id, 2]);
    await end(callId, 'answered');
    await placed();
    expect((await rows.people(id)).map(({ status }) => status)).toEqual(['queued', 'completed', 'dialing']);
  });

  it('never exceeds a limit, however many claim, end and change limits at the same time', async () => {
    await rows.addOrganization('org_a', 7);
    const ids = [3, 4, 50].map((callLimit) => rows.addCallable({ contacts: 40, callLimit }));
    const [a, b, c] = await Promise.all(ids);
    const open: string[] = [];
    const samples: number[][] = [];
    const claimer = async () => {
      for (let round = 0; round < 25; round += 1) {
        open.push(...(await calls.claim('org_a', 5)).map(({ callId }) => callId));
        samples.push(await inFlight([a, b, c]));
        await Promise.all(open.splice(0, 2).map((callId) => end(callId, 'answered')));
      }
    };

    await Promise.all(Array.from({ length: 4 }, claimer));

    for (const [ofA, ofB, ofC] of samples) {
      expect(ofA).toBeLessThanOrEqual(3);
      expect(ofB).toBeLessThanOrEqual(4);
      expect(ofC).toBeLessThanOrEqual(7);
    }
    const most = await db.source.query<{ holder: string; most: number }[]>(MOST_AT_ONE_TIME);
    const atOnce = Object.fromEntries(most.map(({ holder, most: calls_ }) => [holder, calls_]));
    expect(atOnce.org_a).toBeLessThanOrEqual(7);
    expect(atOnce[a]).toBeLessThanOrEqual(3);
    expect(atOnce[b]).toBeLessThanOrEqual(4);
    expect(atOnce[c]).toBeLessThanOrEqual(7);
  });

  it('reaches every limit while nothing ends, however many claim', async () => {
    await rows.addOrganization('org_a', 9);
    const [a, b, c] = await Promise.all([3, 4, 50].map((callLimit) => rows.addCallable({ contacts: 40, callLimit })));

    await together(8, () => calls.claim('org_a', 2));

    expect(await inFlight([a, b, c])).toEqual([3, 3, 3]);
    await rows.addOrganization('org_a', 20);
    await together(8, () => calls.claim('org_a', 2));
    expect(await inFlight([a, b, c])).toEqual([3, 4, 13]);
  });
});

describe('taking a call', () => {
  it('gives it to one, with everything to place it', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1, maxAttempts: 4 });
    const [call] = await calls.claim('org_a', 1);
    const { callId } = call;

    const taken = await together(8, () => calls.take(call, LEASE_MS));

    expect(taken.filter((one) => one !== null)).toEqual([
      {
        callId,
        organizationId: 'org_a',
        batchJobId: id,
        contactId: `contact_${id}.1`,
        agentId: 'agent_a',
        fromPhoneNumberId: 'phone_a',
        fromPhoneNumber: '+12025550100',
        toPhoneNumber: '+12025550001',
        contactData: { phone: '+12025550001' },
        attempt: 1,
        maxAttempts: 4,
      },
    ]);
  });

  it.each(['pause', 'cancel'] as const)('gives it to nobody after a %s', async (verb) => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 2 });
    const [call] = await calls.claim('org_a', 1);
    const { callId } = call;
    await (verb === 'cancel'
      ? db.schedules.cancel(by(CALLER, id))
      : db.source.query(`update batch_jobs set status = 'paused' where id = $1`, [id]));

    expect(await calls.take(call, LEASE_MS)).toBeNull();
    expect(await calls.withdraw(callId)).toBe('org_a');
    expect(await calls.withdraw(callId)).toBeNull();

    const status = verb === 'cancel' ? 'cancelled' : 'pending';
    expect((await rows.people(id)).map((contact) => [contact.status, contact.attemptCount])).toEqual([
      [status, 0],
      [status, 0],
    ]);
    expect(await rows.calls(id)).toEqual([]);
    const { counters, contacts } = await rows.countersBesideContacts(id);
    expect(counters).toEqual(contacts);
  });

  it('is not undone by a withdrawal: whoever has a call keeps it', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    const callId = await placed();
    await db.schedules.cancel(by(CALLER, id));
    expect(await calls.withdraw(callId)).toBeNull();
    expect((await rows.people(id))[0]).toMatchObject({ status: 'dialing', attemptCount: 1 });
  });

  it('puts a withdrawn retry back as one that is due', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    await end(await placed(), 'no_answer');
    await rows.makeDue(id);
    const [{ callId }] = await calls.claim('org_a', 1);
    await db.source.query(`update batch_jobs set status = 'paused' where id = $1`, [id]);

    await calls.withdraw(callId);

    const [contact] = await rows.people(id);
    expect(contact).toMatchObject({ status: 'queued', attemptCount: 1 });
    expect(contact.retryInMs).toBeLessThanOrEqual(0);
  });

  it('ends a withdrawn retry that is no longer allowed as its last call ended', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    await end(await placed(), 'busy');
    await rows.makeDue(id);
    const [{ callId }] = await calls.claim('org_a', 1);
    await db.source.query(`update batch_jobs set status = 'paused', max_attempts = 1 where id = $1`, [id]);

    await calls.withdraw(callId);

    expect((await rows.people(id))[0]).toMatchObject({ status: 'busy', attemptCount: 1, isEnded: true });
  });

  it('ends a withdrawn retry that its batch does not make any more after such an outcome', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    await end(await placed(), 'busy');
    await rows.makeDue(id);
    const [{ callId }] = await calls.claim('org_a', 1);
    await db.source.query(
      `update batch_jobs set status = 'paused', retryable_statuses = '{no_answer,timeout}' where id = $1`,
      [id],
    );

    await calls.withdraw(callId);

    expect((await rows.people(id))[0]).toMatchObject({ status: 'busy', attemptCount: 1, isEnded: true });
  });

  it('withdraws what was claimed of a batch that is no more', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    const [call] = await calls.claim('org_a', 1);
    await db.source.query('delete from batch_jobs where id = $1', [id]);
    expect(await calls.take(call, LEASE_MS)).toBeNull();
    expect(await calls.withdraw(call.callId)).toBe('org_a');
  });
});

describe('the end of a call', () => {
  it.each([
    ['answered', 'completed'],
    ['invalid_number', 'invalid_number'],
    ['blocked', 'blocked'],
    ['carrier_error', 'carrier_error'],
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
  ] as const)('%s ends the contact as %s', async (outcome, status) => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    expect(await end(await placed(), outcome)).toMatchObject({ isNew: true, contactStatus: status, nextRetryAt: null });
    expect((await rows.people(id))[0]).toMatchObject({ status, isEnded: true, retryInMs: null });
  });

  it.each(['no_answer', 'busy', 'timeout'] as const)(
    '%s waits 5, 30 and 60 minutes, then is the end',
    async (outcome) => {
      await rows.addOrganization('org_a', 5);
      const id = await rows.addCallable({ contacts: 1, maxAttempts: 5 });
      for (const minutes of [5, 30, 60, 60]) {
        await end(await placed(), outcome);
        const [contact] = await rows.people(id);
        expect(contact).toMatchObject({ status: 'queued', isEnded: false });
        expect(contact.retryInMs).toBeGreaterThan(minutes * MINUTE_MS - 10_000);
        // It is kept in whole milliseconds, rounded.
        expect(contact.retryInMs).toBeLessThanOrEqual(minutes * MINUTE_MS + 1);
        await rows.makeDue(id);
      }
      await end(await placed(), outcome);
      expect((await rows.people(id))[0]).toMatchObject({ status: outcome, isEnded: true, attemptCount: 5 });
    },
  );

  it.each(['no_answer', 'busy', 'timeout'] as const)(
    '%s is the end when its batch does not call again after it, and no other outcome is',
    async (outcome) => {
      await rows.addOrganization('org_a', 5);
      const id = await rows.addCallable({ contacts: 3 });
      await db.source.query(
        `update batch_jobs set retryable_statuses = array_remove(retryable_statuses, $2) where id = $1`,
        [id, outcome],
      );

      for (const each of RETRYABLE_STATUSES) await end(await placed(), each);

      const statuses = (await rows.people(id)).map(({ status }) => status);
      expect(statuses).toEqual(RETRYABLE_STATUSES.map((each) => (each === outcome ? each : 'queued')));
    },
  );

  it('that nobody knows is not called again within five minutes, however short the delays are', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    const unknown = callEnd('timeout', { reason: UNKNOWN_OUTCOME });
    await calls.end({
      callId: await placed(),
      end: unknown,
      retry: { delaysMs: [0], leastMs: 5 * MINUTE_MS },
      organizationId: null,
    });
    const [contact] = await rows.people(id);
    expect(contact.retryInMs).toBeGreaterThan(5 * MINUTE_MS - 10_000);
    expect(contact.failureReason).toBe('unknown_outcome');
  });

  it('counts once, of however many reports at the same time', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    const callId = await placed();

    const reports = await together(8, (at) => end(callId, at % 2 === 0 ? 'answered' : 'busy'));

    expect(reports.filter((report) => report?.isNew)).toHaveLength(1);
    expect(await rows.calls(id)).toHaveLength(1);
    const { counters, contacts } = await rows.countersBesideContacts(id);
    expect(counters).toEqual(contacts);
  });

  describe('that was taken for unknown', () => {
    const unknown = (callId: string) =>
      calls.end({
        callId,
        end: callEnd('timeout', { reason: UNKNOWN_OUTCOME }),
        retry: { delaysMs: [0], leastMs: 5 * MINUTE_MS },
        organizationId: null,
      });

    it.each([1, 3])('is corrected by whoever knows it, of %d calls allowed', async (maxAttempts) => {
      await rows.addOrganization('org_a', 5);
      const id = await rows.addCallable({ contacts: 1, maxAttempts });
      const callId = await placed();
      await unknown(callId);

      expect(await end(callId, 'answered')).toMatchObject({
        isNew: true,
        contactStatus: 'completed',
        nextRetryAt: null,
      });

      expect((await rows.people(id))[0]).toMatchObject({ status: 'completed', isEnded: true, failureReason: null });
      expect(await end(callId, 'busy')).toMatchObject({ isNew: false });
      const { counters, contacts } = await rows.countersBesideContacts(id);
      expect(counters).toEqual(contacts);
    });

    it('stays so when somebody else does not know it either, and when the contact is called again', async () => {
      await rows.addOrganization('org_a', 5);
      const id = await rows.addCallable({ contacts: 1 });
      const callId = await placed();
      await unknown(callId);
      expect(await unknown(callId)).toMatchObject({ isNew: false });
      await rows.makeDue(id);
      const [next] = await calls.claim('org_a', 1);

      expect(await end(callId, 'answered')).toMatchObject({ isNew: false });

      expect((await rows.people(id))[0]).toMatchObject({ status: 'dialing', attemptCount: 2 });
      expect(next.callId).not.toBe(callId);
    });
  });

  it('of a call that does not exist, or of another organization, is nothing', async () => {
    await rows.addOrganization('org_a', 5);
    await rows.addCallable();
    const callId = await placed();
    expect(await calls.end({ callId, end: callEnd('answered'), retry: DELAYS, organizationId: 'org_b' })).toBeNull();
    expect(await end('call_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'answered')).toBeNull();
    expect(await end(callId, 'answered')).toMatchObject({ isNew: true });
  });

  it('of one that was not placed yet is counted by the cancel', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 4 });
    await placed();
    await calls.claim('org_a', 1);

    expect(await db.schedules.cancel(by(CALLER, id))).toMatchObject({ outcome: 'changed', contacts: 3 });
  });

  it('of a cancelled batch is the end of its contact, whatever it is', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    const callId = await placed();
    await db.schedules.cancel(by(CALLER, id));
    await end(callId, 'no_answer');
    expect((await rows.people(id))[0]).toMatchObject({ status: 'no_answer', isEnded: true, retryInMs: null });
  });

  it('races a cancel without leaving anybody waiting in a cancelled batch', async () => {
    await rows.addOrganization('org_a', 50);
    for (let round = 0; round < 15; round += 1) {
      const id = await rows.addCallable({ contacts: 1 });
      const callId = await placed();
      await Promise.all([end(callId, 'no_answer'), db.schedules.cancel(by(CALLER, id))]);
      const [{ status }] = await rows.people(id);
      expect(['no_answer', 'cancelled']).toContain(status);
    }
  });

  it('is written, and calls are taken, while the row of another batch is locked', async () => {
    await rows.addOrganization('org_a', 10);
    const held = await rows.addCallable({ contacts: 2 });
    const ofHeld = [await placed(), await placed()];
    await rows.addCallable({ contacts: 4 });
    const ofOther = [await placed(), await placed(), await placed()];
    const [claimed] = await calls.claim('org_a', 1);
    const session = await db.session();
    await session.query('begin');
    await session.query('select from batch_jobs where id = $1 for update', [held]);

    // Those that come while the first waits for the lock are asked for together.
    const first = end(ofHeld[0], 'answered');
    await db.untilWaiting(1);
    const others = ofOther.map((callId) => end(callId, 'busy'));
    const second = end(ofHeld[1], 'answered');

    expect((await Promise.all(others)).map((ended) => ended?.isNew)).toEqual([true, true, true]);
    expect(await calls.take(claimed, LEASE_MS)).not.toBeNull();
    await session.query('rollback');
    await session.end();
    expect(await first).toMatchObject({ isNew: true });
    expect(await second).toMatchObject({ isNew: true });
  });

  it('frees the slot of a deleted batch', async () => {
    await rows.addOrganization('org_a', 1);
    const id = await rows.addCallable({ contacts: 1 });
    const callId = await placed();
    await db.source.query('delete from batch_jobs where id = $1', [id]);
    const next = await rows.addCallable({ contacts: 1 });
    expect(await calls.claim('org_a', 1)).toEqual([]);
    expect(await end(callId, 'answered')).toMatchObject({ isNew: true, contactStatus: null });
    await placed();
    expect(await inFlight([next])).toEqual([1]);
  });
});

describe('completing', () => {
  it('is for running batches of which nobody is left', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 2 });
    const [first, second] = [await placed(), await placed()];
    await end(first, 'answered');
    expect(await calls.complete('org_a')).toEqual([]);
    await end(second, 'failed');

    const completed = await together(4, () => calls.complete('org_a'));

    expect(completed.flat()).toEqual([id]);
    expect(await rows.row(id)).toMatchObject({ status: 'completed', completedAt: expect.any(Date) });
    expect((await rows.history(id)).map(({ action, actor }) => [action, actor])).toEqual([['completed', 'system']]);
  });

  it('waits for those that are to be called again', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    await end(await placed(), 'busy');
    expect(await calls.complete('org_a')).toEqual([]);
    expect((await rows.row(id)).status).toBe('running');
  });

  it('leaves a batch alone whose last outcome is corrected while its row is waited for', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    const callId = await placed();
    await calls.end({
      callId,
      end: callEnd('failed', { reason: UNKNOWN_OUTCOME }),
      retry: DELAYS,
      organizationId: null,
    });
    await db.source.query(`update contacts set status = 'failed', next_retry_at = null where batch_job_id = $1`, [id]);
    let completing: Promise<string[]> = Promise.resolve([]);

    await db.source.transaction(async (rival) => {
      await rival.query('select from batch_jobs where id = $1 for no key update', [id]);
      completing = calls.complete('org_a');
      await db.untilWaiting(1);
      await rival.query(`update contacts set status = 'queued' where batch_job_id = $1`, [id]);
    });

    expect(await completing).toEqual([]);
    expect((await rows.row(id)).status).toBe('running');
    await db.source.query(`update contacts set status = 'completed' where batch_job_id = $1`, [id]);
    expect(await calls.complete('org_a')).toEqual([id]);
  });

  it('is not for a paused batch until it goes on', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 1 });
    const callId = await placed();
    await db.source.query(`update batch_jobs set status = 'paused' where id = $1`, [id]);
    await end(callId, 'answered');
    expect(await calls.complete('org_a')).toEqual([]);
    await db.source.query(`update batch_jobs set status = 'running' where id = $1`, [id]);
    expect(await calls.complete('org_a')).toEqual([id]);
  });
});

describe('failing a batch', () => {
  it('cancels those who wait, once, and lets calls in progress end', async () => {
    await rows.addOrganization('org_a', 5);
    const id = await rows.addCallable({ contacts: 3 });
    const callId = await placed();

    expect(await together(3, () => calls.fail({ batchJobId: id, organizationId: 'org_a' }, 'agent_not_found'))).toEqual(
      expect.arrayContaining([true, false, false]),
    );

    expect(await rows.row(id)).toMatchObject({ status: 'failed', failureReason: 'agent_not_found' });
    expect(await rows.counts(id)).toEqual({ dialing: 1, cancelled: 2 });
    await end(callId, 'busy');
    expect(await rows.counts(id)).toEqual({ busy: 1, cancelled: 2 });
    expect((await rows.history(id)).map(({ action, reason }) => [action, reason])).toEqual([
      ['failed', 'agent_not_found'],
    ]);
  });
});

describe('what is found by the sweep', () => {
  it('are organizations with a free slot or a batch that is done, each in its turn', async () => {
    for (const organization of ['org_a', 'org_b', 'org_c']) {
      await rows.addOrganization(organization, 1);
      await rows.addCallable({ organizationId: organization, contacts: 2 });
    }
    expect(await calls.listReady('', 2)).toEqual(['org_a', 'org_b']);
    expect(await calls.listReady('org_b', 2)).toEqual(['org_c']);
    const callId = await placed('org_a');
    expect(await calls.listReady('', 9)).toEqual(['org_b', 'org_c']);
    await end(callId, 'answered');
    await end(await placed('org_a'), 'answered');
    await rows.addOrganization('org_a', 0);
    expect(await calls.listReady('', 9)).toContain('org_a');
  });

  it('are calls that nobody took, calls that are overdue, and organizations with somebody to call', async () => {
    await rows.addOrganization('org_a', 5);
    await rows.addOrganization('org_b', 5);
    const id = await rows.addCallable({ contacts: 3, callLimit: 2 });
    expect(await calls.listReady('', 10)).toEqual(['org_a']);
    const [first, second] = await calls.claim('org_a', 10);
    await calls.take(first, LEASE_MS);

    expect(await calls.listUnplaced(0, 10, [])).toEqual([{ ...second, claimedForMs: expect.any(Number) }]);
    expect(await calls.listUnplaced(0, 10, [second.callId])).toEqual([]);
    expect(await calls.listUnplaced(60_000, 10, [])).toEqual([]);
    expect(await calls.listOverdue(10, [])).toEqual([]);
    await calls.accept(first.callId, LEASE_MS, { providerCallId: 'p1', roomName: 'r1' });
    await rows.endLeases(id);
    expect(await calls.listOverdue(10, [first.callId])).toEqual([]);
    expect(await calls.listOverdue(10, [])).toEqual([
      {
        ...first,
        providerCallId: 'p1',
        isAccepted: true,
        placedForMs: expect.any(Number),
      },
    ]);
    await calls.extendLease(first.callId, LEASE_MS);
    expect(await calls.listOverdue(10, [])).toEqual([]);
  });
});
