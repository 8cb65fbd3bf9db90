import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BatchJobChanges } from '../../src/batch-jobs/batch-job.changes.js';
import { callEnd, UNKNOWN_OUTCOME, type CallEnd } from '../../src/batch-jobs/call.outcome.js';
import { callSnooze, SNOOZE_REASONS } from '../../src/batch-jobs/call.snooze.js';
import { CallsRepository } from '../../src/batch-jobs/calls.repository.js';
import { ControlRepository } from '../../src/batch-jobs/control.repository.js';
import { SetbacksRepository } from '../../src/batch-jobs/setbacks.repository.js';
import { Database } from '../../src/shared/database.js';
import { Idempotency } from '../../src/shared/idempotency.js';
import { CallRows } from '../support/call-rows.js';
import { by, CALLER } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

const LEASE_MS = 60_000;
const BUSY = callSnooze('provider_busy', { errorCode: 'http_429' });
const AWAY = callSnooze('provider_unreachable', { errorCode: 'ECONNREFUSED' });
const REFUSED = callSnooze('dialer_misconfigured', { errorCode: 'http_401' });

let db: ScheduleDatabase;
let calls: CallsRepository;
let setbacks: SetbacksRepository;
let control: ControlRepository;
let rows: CallRows;
beforeAll(async () => {
  db = await ScheduleDatabase.create();
  const database = new Database(db.source);
  calls = new CallsRepository(database);
  setbacks = new SetbacksRepository(database);
  control = new ControlRepository(new BatchJobChanges(new Idempotency(database), database));
  rows = new CallRows(db.source);
});
afterAll(() => db.drop());
afterEach(() => db.source.query('truncate batch_jobs, call_attempts, organizations cascade'));

/** A batch whose organization has room for all of it. */
async function aBatch(given: Parameters<CallRows['addCallable']>[0] = {}): Promise<string> {
  await rows.addOrganization('org_a', 50);
  return rows.addCallable(given);
}

/** Claims and takes as many calls. @returns their ids */
async function placed(count = 1): Promise<string[]> {
  const claimed = await calls.claim('org_a', count);
  for (const call of claimed) expect(await calls.take(call, LEASE_MS)).not.toBeNull();
  expect(claimed).toHaveLength(count);
  return claimed.map(({ callId }) => callId);
}

/** Lets the time of the hold be over, and places one more call. */
async function placedAgain(): Promise<string> {
  await rows.passHolds();
  return (await placed())[0];
}

const end = (callId: string, told: CallEnd = callEnd('answered')) =>
  calls.end({ callId, end: told, retry: { delaysMs: [0], leastMs: 0 }, organizationId: null });

const snooze = (callId: string, told = BUSY) => setbacks.snooze(callId, told, null);

const accept = (callId: string) => calls.accept(callId, LEASE_MS, { providerCallId: null, roomName: null });

/** One setback after the other, each of a call that was placed after the one before. */
async function setBackTimes(times: number, told = BUSY): Promise<void> {
  for (let time = 0; time < times; time += 1) await snooze(await placedAgain(), told);
}

describe('a snoozed call', () => {
  it('is no attempt: its contact is as it was, its slot is free, and there is no call', async () => {
    const id = await aBatch({ contacts: 1 });
    const before = await db.source.query('select * from contacts');
    const [callId] = await placed();

    expect(await snooze(callId)).toMatchObject({
      call: { isNew: true, batchJobId: id, attempt: 1, contactStatus: 'pending', nextRetryAt: null },
      setback: { batchJobId: id, setbacks: 1, isPaused: false },
    });

    expect(await db.source.query('select * from contacts')).toEqual(before);
    expect(await rows.calls(id)).toEqual([]);
    const { counters, contacts } = await rows.countersBesideContacts(id);
    expect(counters).toEqual(contacts);
  });

  it('of a retry waits as one that is due, as its last call left it', async () => {
    const id = await aBatch({ contacts: 1 });
    await end((await placed())[0], callEnd('busy', { errorCode: '486', reason: 'busy here', roomName: 'room' }));
    await rows.makeDue(id);
    const [contact] = await db.source.query<Record<string, unknown>[]>('select * from contacts');

    expect((await snooze((await placed())[0]))?.call).toMatchObject({ attempt: 2, contactStatus: 'queued' });

    const [after] = await db.source.query<Record<string, unknown>[]>('select * from contacts');
    // Milliseconds of its last call are those of the call, instead of its claim.
    expect(after).toEqual({
      ...contact,
      next_retry_at: expect.any(Date),
      last_attempt_at: expect.any(Date),
    });
    expect((await rows.people(id))[0].retryInMs).toBeLessThanOrEqual(0);
  });

  it('of a cancelled batch is cancelled with it, and of a deleted one frees its slot', async () => {
    const id = await aBatch({ contacts: 2 });
    const [first, second] = await placed(2);
    await db.schedules.cancel(by(CALLER, id));

    expect(await snooze(first)).toMatchObject({ call: { isNew: true, contactStatus: 'cancelled' }, setback: null });

    await db.source.query('delete from batch_jobs where id = $1', [id]);
    expect(await snooze(second)).toMatchObject({ call: { isNew: true, contactStatus: null }, setback: null });
    expect(await rows.calls(id)).toEqual([]);
    expect(await db.source.query('select * from batch_job_holds')).toEqual([]);
  });

  it('counts once of many, not at all after the end, and only for its organization', async () => {
    const id = await aBatch({ contacts: 2 });
    const [first, second] = await placed(2);
    expect(await setbacks.snooze(first, BUSY, 'org_b')).toBeNull();

    const snoozed = await Promise.all(Array.from({ length: 6 }, () => snooze(first)));

    expect(snoozed.filter((one) => one?.call.isNew)).toHaveLength(1);
    expect(await snooze(first)).toBeNull();
    expect(await end(first)).toBeNull();
    await end(second);
    expect(await snooze(second)).toMatchObject({ call: { isNew: false }, setback: null });
    expect(await rows.counts(id)).toEqual({ completed: 1, pending: 1 });
  });
});

describe('a setback', () => {
  it('is one for all calls that were placed before it, and halves what is being asked for', async () => {
    const id = await aBatch({ contacts: 10, callLimit: 10 });
    for (const callId of await placed(9)) await snooze(callId);
    expect(await rows.hold(id)).toMatchObject({ reason: 'provider_busy', errorCode: 'http_429', setbacks: 1 });
    expect(await rows.hold(id)).toMatchObject({ callsAllowed: 4 });

    await rows.passHolds();
    expect(await calls.claim('org_a', 10)).toHaveLength(4);
  });

  it('leaves the calls that the provider has taken their places, and one more to try', async () => {
    const id = await aBatch({ contacts: 10, callLimit: 5 });
    const [last, ...talking] = await placed(5);
    for (const callId of talking) await accept(callId);
    await snooze(last);
    expect(await rows.hold(id)).toMatchObject({ callsAllowed: 5 });

    await snooze(await placedAgain());

    expect(await rows.hold(id)).toMatchObject({ setbacks: 2, callsAllowed: 5 });
    await rows.passHolds();
    expect(await calls.claim('org_a', 10)).toHaveLength(1);
  });

  it('holds longer each time, for 1, 2, 4, 8, 16, and then 30 s', async () => {
    const id = await aBatch({ contacts: 1 });
    for (const [at, seconds] of [1, 2, 4, 8, 16, 30, 30].entries()) {
      await setBackTimes(1);
      const hold = await rows.hold(id);
      expect(hold?.setbacks).toBe(at + 1);
      // A machine's clock may step back a little between the two statements.
      expect(hold?.leftMs).toBeLessThan(seconds * 1_000 + 100);
      expect(hold?.leftMs).toBeGreaterThan(seconds * 1_000 - 900);
    }
  });

  it('lasts as long as the provider asks, also when it is told by a call of the same time', async () => {
    const id = await aBatch({ contacts: 2 });
    const [first, second] = await placed(2);
    await snooze(first);

    expect((await snooze(second, callSnooze('provider_busy', { retryAfterMs: 120_000 })))?.setback).toBeNull();

    expect((await rows.hold(id))?.leftMs).toBeGreaterThan(110_000);
    expect((await rows.hold(id))?.setbacks).toBe(1);
  });

  it('keeps a batch from being claimed, taken and found by the sweep, until its time is over', async () => {
    await aBatch({ contacts: 5 });
    const [first] = await placed();
    const [claimed] = await calls.claim('org_a', 1);
    const [other] = await placed();
    expect(await calls.isPermitted(other)).toBe(true);
    await snooze(first);

    expect(await calls.isPermitted(other)).toBe(false);
    expect(await calls.take(claimed, LEASE_MS)).toBeNull();
    expect(await calls.withdraw(claimed.callId)).toBe('org_a');
    expect(await calls.claim('org_a', 5)).toEqual([]);
    expect(await calls.listReady('', 5)).toEqual([]);

    await rows.passHolds();
    expect(await calls.listReady('', 5)).toEqual(['org_a']);
    expect(await calls.isPermitted(other)).toBe(true);
    await end(other);
    expect(await calls.claim('org_a', 5)).toHaveLength(1);
  });

  it('is nothing to other batches, and changes no entity tag', async () => {
    const id = await aBatch({ contacts: 1 });
    const [callId] = await placed();
    const other = await rows.addCallable({ contacts: 1 });
    const versions = () => db.source.query('select id, version from batch_jobs order by id');
    const before = await versions();

    await snooze(callId);

    expect(await versions()).toEqual(before);
    expect(await rows.hold(other)).toBeNull();
    expect((await calls.claim('org_a', 5)).map(({ batchJobId }) => batchJobId)).toEqual([other]);
    expect((await rows.hold(id))?.setbacks).toBe(1);
  });

  it('is over with every call that is taken: one more may be in flight, and the row begins anew', async () => {
    const id = await aBatch({ contacts: 9, callLimit: 4 });
    await snooze((await placed(4))[0]);
    expect(await rows.hold(id)).toMatchObject({ setbacks: 1, callsAllowed: 1 });
    await db.source.query(`update call_attempts set ended_at = clock_timestamp(), outcome = 'failed'`);

    await accept(await placedAgain());
    expect(await rows.hold(id)).toMatchObject({ setbacks: 0, callsAllowed: 2 });
    await end((await placed())[0], callEnd('busy'));
    expect(await rows.hold(id)).toMatchObject({ setbacks: 0, callsAllowed: 3 });
    await end((await placed())[0]);
    expect(await rows.hold(id)).toBeNull();
  });

  it('is not over with a call that was placed before it, nor with one of which nobody knows', async () => {
    const id = await aBatch({ contacts: 9, callLimit: 5 });
    const [first, second, third, fourth] = await placed(4);
    await accept(second);
    await snooze(first);
    await end(second);
    await end(fourth, callEnd('timeout', { reason: UNKNOWN_OUTCOME }));
    expect(await rows.hold(id)).toMatchObject({ setbacks: 1, callsAllowed: 2 });

    // It was taken after all, but says nothing of how many may be.
    await end(third);
    expect(await rows.hold(id)).toMatchObject({ setbacks: 0, callsAllowed: 2 });
  });

  it('is counted for a call that stays as it is, because nobody knows what became of it', async () => {
    const id = await aBatch({ contacts: 3 });
    const [first, second] = await placed(2);
    const failing = { reason: 'provider_failing', errorCode: null, retryAfterMs: null } as const;

    expect(await setbacks.note(first, failing, null)).toMatchObject({ setbacks: 1 });
    expect(await setbacks.note(second, failing, null)).toBeNull();
    expect(await setbacks.note(first, failing, 0)).toMatchObject({ setbacks: 2 });

    expect(await rows.counts(id)).toEqual({ dialing: 2, pending: 1 });
    expect(await setbacks.note('call_01ARZ3NDEKTSV4RRFFQ69G5FAV', failing, null)).toBeNull();
  });
});

describe('setbacks in a row', () => {
  it.each([
    ['provider_busy', null],
    ['provider_unreachable', 8],
    ['provider_failing', 8],
    ['dialer_misconfigured', 4],
    ['account_suspended', 4],
    ['insufficient_balance', 4],
  ] as const)('%s pause the batch after %s', async (reason, pausesAfter) => {
    const id = await aBatch({ contacts: 1 });
    await setBackTimes((pausesAfter ?? 20) - 1, callSnooze(reason));
    expect((await rows.row(id)).status).toBe('running');

    const last = await snooze(await placedAgain(), callSnooze(reason));

    expect(last?.setback?.isPaused).toBe(pausesAfter !== null);
    expect([(await rows.row(id)).status, await rows.pauseReason(id)]).toEqual(
      pausesAfter === null ? ['running', null] : ['paused', reason],
    );
    expect(await rows.counts(id)).toEqual({ pending: 1 });
  });

  it('write who has paused it, and why, into the history', async () => {
    const id = await aBatch({ contacts: 1 });
    await setBackTimes(4, REFUSED);
    expect(await rows.history(id)).toMatchObject([
      {
        action: 'paused',
        actor: 'system',
        requestId: null,
        reason: 'dialer_misconfigured',
        before: { status: 'running' },
        after: { status: 'paused' },
      },
    ]);
  });

  it('are broken by a call that is taken, and by a provider that says it is full', async () => {
    const id = await aBatch({ contacts: 2 });
    await setBackTimes(3, REFUSED);
    await accept(await placedAgain());
    await setBackTimes(3, REFUSED);
    await setBackTimes(1, BUSY);
    await setBackTimes(3, REFUSED);
    expect((await rows.row(id)).status).toBe('running');
    await setBackTimes(1, REFUSED);
    expect((await rows.row(id)).status).toBe('paused');
  });

  it('of an outage are in a row, however it shows itself', async () => {
    const id = await aBatch({ contacts: 1 });
    for (let time = 0; time < 4; time += 1) {
      await setBackTimes(1, AWAY);
      await setBackTimes(1, callSnooze('provider_failing'));
    }
    expect(await rows.pauseReason(id)).toBe('provider_failing');
  });
});

describe('a hold', () => {
  it('goes when a person resumes the batch, and the row of setbacks with it', async () => {
    const id = await aBatch({ contacts: 1, callLimit: 8 });
    await setBackTimes(4, REFUSED);
    expect(await rows.hold(id)).toMatchObject({ reason: 'dialer_misconfigured', setbacks: 4 });

    expect((await control.resume(by(CALLER, id))).outcome).toBe('changed');

    expect([await rows.hold(id), await rows.pauseReason(id)]).toEqual([null, null]);
    await setBackTimes(3, REFUSED);
    expect((await rows.row(id)).status).toBe('running');
  });

  it.each([
    ['cancel', (id: string) => db.schedules.cancel(by(CALLER, id))],
    ['delete', () => db.source.query('delete from batch_jobs')],
    ['fail', (id: string) => calls.fail({ batchJobId: id, organizationId: 'org_a' }, 'agent_not_found')],
    [
      'complete',
      async () => {
        await db.source.query(`update contacts set status = 'failed'`);
        await calls.complete('org_a');
      },
    ],
  ] as const)('goes with a %s', async (_verb, ends) => {
    const id = await aBatch({ contacts: 1 });
    await setBackTimes(1, REFUSED);
    expect(await rows.hold(id)).not.toBeNull();

    await ends(id);

    expect(await rows.inStatus('running')).toEqual([]);
    expect(await db.source.query('select * from batch_job_holds')).toEqual([]);
  });

  it('goes with the cancel of a batch that it has paused, and the reason with it', async () => {
    const id = await aBatch({ contacts: 1 });
    await setBackTimes(4, REFUSED);
    expect((await db.schedules.cancel(by(CALLER, id))).outcome).toBe('changed');
    expect([await rows.hold(id), await rows.pauseReason(id)]).toEqual([null, null]);
  });
});

describe('a snooze at the same time as', () => {
  const ROUNDS = 12;

  it.each(['pause', 'cancel', 'resume', 'delete', 'end', 'claim'] as const)(
    'a %s leaves nobody behind',
    async (verb) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const id = await aBatch({ contacts: 2, callLimit: 1 });
        const [callId] = (await calls.claim('org_a', 1)).map((call) => call.callId);
        await db.source.query(
          `update call_attempts set placed_at = clock_timestamp(), lease_ends_at = clock_timestamp() where id = $1`,
          [callId],
        );
        if (verb === 'resume') await control.pause(by(CALLER, id));
        const rivals = {
          pause: () => control.pause(by(CALLER, id)),
          resume: () => control.resume(by(CALLER, id)),
          cancel: () => db.schedules.cancel(by(CALLER, id)),
          delete: () => db.source.query('delete from batch_jobs where id = $1', [id]),
          end: () => end(callId),
          claim: () => calls.claim('org_a', 5),
        };

        const settled = await Promise.allSettled([snooze(callId), rivals[verb]()]);

        expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
        const { counters, contacts } = await rows.countersBesideContacts(id);
        expect(counters).toEqual(contacts);
        const statuses = (await rows.people(id)).map(({ status }) => status);
        const open = (await rows.calls(id)).filter(({ outcome }) => outcome === null);
        expect(statuses.filter((status) => status === 'dialing')).toHaveLength(open.length);
        const [running, paused] = [await rows.inStatus('running'), await rows.inStatus('paused')];
        const isOpen = [...running, ...paused].includes(id);
        const [hold, waiting] = [await rows.hold(id), statuses.filter((status) => status === 'pending')];
        expect(isOpen || (hold === null && waiting.length === 0)).toBe(true);
        await db.source.query('truncate batch_jobs, call_attempts cascade');
      }
    },
  );
});

it('every reason to snooze can be kept', async () => {
  await aBatch({ contacts: SNOOZE_REASONS.length });
  for (const reason of SNOOZE_REASONS) {
    await setBackTimes(1, callSnooze(reason));
    expect(await db.source.query('select reason from batch_job_holds')).toEqual([{ reason }]);
  }
});
