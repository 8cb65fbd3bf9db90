import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { ulid } from 'ulid';
import { CALL_OUTCOMES, callEnd, contactStatusOf, type CallOutcome } from '../../src/batch-jobs/call.outcome.js';
import { run } from '../../src/shared/statement.js';
import { CLAIM_CALLS } from '../../src/batch-jobs/calls.statements.js';
import { CallOutcomes } from '../../src/calling/call-outcomes.js';
import { DialerRefusal, type OutboundCall } from '../../src/calling/dialer.js';
import { Dispatcher } from '../../src/calling/dispatcher.js';
import { CallRows } from '../support/call-rows.js';
import { eventually } from '../support/eventually.js';
import { LogLines } from '../support/log-lines.js';
import { MOST_AT_ONE_TIME } from '../support/most-at-one-time.js';
import { bootWorker } from '../support/other-worker.js';
import { startBatch } from '../support/running-batch.js';
import { ACCEPTED, ANSWERED, ScriptedDialer } from '../support/scripted-dialer.js';
import { contacts, TestApp } from '../support/test-app.js';
import { truncate } from '../support/truncate.js';

let app: TestApp;
let rows: CallRows;
const dialer = new ScriptedDialer();
const others: TestingModule[] = [];
beforeAll(async () => {
  app = await TestApp.start({ consumeQueues: true, dialer, settings: { retryDelaysMinutes: [0], callConcurrency: 4 } });
  rows = new CallRows(app.database);
  for (let more = 0; more < 2; more += 1) others.push(await bootWorker(app, { dialer, log: new LogLines() }));
});
afterAll(async () => {
  await Promise.all(others.map((worker) => worker.close()));
  await app.stop();
});
beforeEach(async () => {
  await app.database.query(`update batch_jobs set status = 'cancelled' where status in ('running', 'paused')`);
  await truncate(app.database, 'batch_jobs, call_attempts');
  await rows.addOrganization('org_a', 5);
  Object.assign(dialer, { script: () => ANSWERED, knows: () => null, peak: 0 });
  dialer.placed.length = 0;
});

const running = (fields: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  startBatch(app, contacts(3), fields);

/** Waits for a status of the job. */
const becomes = (id: string, status: string, withinMs?: number) =>
  eventually(async () => {
    const row = await rows.row(id);
    if (row.status !== status) {
      throw new Error(`${id} is ${row.status}: ${JSON.stringify(await rows.counts(id))}`);
    }
    return row;
  }, withinMs);

/** A door that calls wait at until it is opened. */
function aDoor() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Of the one call there is. */
async function leaseLeftSeconds(): Promise<number> {
  const [{ left }] = await app.database.query<[{ left: number }]>(
    'select extract(epoch from lease_ends_at - clock_timestamp())::integer as left from call_attempts',
  );
  return left;
}

const dispatch = () => app.app.get(Dispatcher, { strict: false }).dispatch('org_a');

describe('a started batch', () => {
  it('is called, contact by contact, and completed', async () => {
    const id = await running({ contacts: contacts(12), concurrentCallLimit: 4 });

    await becomes(id, 'completed');

    expect(dialer.numbers).toEqual(contacts(12).map(({ phone }) => phone));
    expect(dialer.peak).toBeLessThanOrEqual(4);
    const { body } = await app.get(`/batch/jobs/${id}`);
    expect(body).toMatchObject({ status: 'completed', contactsProcessed: 12, successfulCalls: 12, failedCalls: 0 });
    expect(body.contacts[0]).toMatchObject({ status: 'completed', attemptCount: 1, callDuration: 42, errorCode: null });
    expect((await rows.history(id)).map(({ action }) => action)).toEqual(['created', 'started', 'completed']);
  });

  it('is called by three workers within both limits, everybody once', async () => {
    await rows.addOrganization('org_a', 7);
    dialer.script = async () => {
      await new Promise(setImmediate);
      return ANSWERED;
    };
    const ids = await Promise.all(
      [1, 2, 3, 50, 50].map((concurrentCallLimit) => running({ contacts: contacts(40), concurrentCallLimit })),
    );

    await Promise.all(ids.map((id) => becomes(id, 'completed')));

    expect(dialer.placed).toHaveLength(200);
    expect(new Set(dialer.placed.map(({ contactId }) => contactId)).size).toBe(200);
    expect(dialer.peak).toBeLessThanOrEqual(7);
    const most = await mostAtOneTime();
    expect(most.get('org_a')).toBeLessThanOrEqual(7);
    for (const [at, limit] of [1, 2, 3].entries()) expect(most.get(ids[at])).toBeLessThanOrEqual(limit);
  });

  it('calls those again who were not reached, as often as it may', async () => {
    dialer.script = ({ attempt }) => callEnd(attempt < 3 ? 'no_answer' : 'busy', { errorCode: '486' });
    const id = await running({ contacts: contacts(2), maxAttempts: 3 });

    await becomes(id, 'completed');

    expect(dialer.placed.map(({ attempt }) => attempt).toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2, 3, 3]);
    for (const contact of await rows.people(id)) {
      expect(contact).toMatchObject({ status: 'busy', attemptCount: 3, errorCode: '486', isEnded: true });
    }
  });

  it('waits for outcomes that are reported later, by whoever knows them', async () => {
    dialer.script = () => ACCEPTED;
    const id = await running({ contacts: contacts(2) });
    await eventually(() => expect(dialer.placed).toHaveLength(2));
    const outcomes = app.app.get(CallOutcomes, { strict: false });
    const [first, second] = dialer.placed;

    expect(await outcomes.record(first.callId, ANSWERED)).toMatchObject({ isNew: true, contactStatus: 'completed' });
    expect(await outcomes.record(first.callId, callEnd('busy'))).toMatchObject({ isNew: false });
    expect((await rows.row(id)).status).toBe('running');
    await outcomes.record(second.callId, callEnd('blocked'));

    await becomes(id, 'completed');
    expect(await rows.counts(id)).toEqual({ completed: 1, blocked: 1 });
    await expect(outcomes.record('call_none', ANSWERED)).rejects.toMatchObject({ code: 'call_not_found' });
  });

  it('takes an outcome that is reported before the provider has answered', async () => {
    dialer.script = async ({ callId }) => {
      await app.app.get(CallOutcomes, { strict: false }).record(callId, callEnd('invalid_number'));
      return ACCEPTED;
    };
    const id = await running();
    await becomes(id, 'completed');
    expect(await rows.counts(id)).toEqual({ invalid_number: 3 });
  });

  it.each([1, 5])('fails with its reason when the dialer refuses all of it, %d calls at a time', async (callLimit) => {
    dialer.script = () => {
      throw new DialerRefusal('agent_not_found', 'there is no agent_a');
    };
    const id = await running({ contacts: contacts(20), concurrentCallLimit: callLimit });

    expect(await becomes(id, 'failed')).toMatchObject({ failureReason: 'agent_not_found' });

    await eventually(async () => expect(await rows.counts(id)).toEqual({ cancelled: 20 }));
    expect(await rows.calls(id)).toEqual([]);
    for (const contact of await rows.people(id)) expect(contact).toMatchObject({ attemptCount: 0, isEnded: true });
    expect((await app.get(`/batch/jobs/${id}`)).body).toMatchObject({ failureReason: 'agent_not_found' });
  });
});

describe('a call whose outcome nobody knows', () => {
  const throwing = () => {
    throw new Error('the line broke');
  };

  it('keeps its slot until its lease ends, then counts as timeout and is not repeated at once', async () => {
    dialer.script = throwing;
    const id = await running({ contacts: contacts(2), concurrentCallLimit: 1 });
    await eventually(() => expect(dialer.placed).toHaveLength(1));
    dialer.script = () => ANSWERED;
    await dispatch();
    expect((await rows.calls(id)).map(({ outcome }) => outcome)).toEqual([null]);

    await rows.endLeases(id);

    await eventually(async () => expect(await rows.counts(id)).toEqual({ queued: 1, completed: 1 }));
    const [unknown] = await rows.people(id);
    expect(unknown).toMatchObject({ status: 'queued', failureReason: 'unknown_outcome' });
    expect(unknown.retryInMs).toBeGreaterThan(290_000);
  });

  it('is waited for while the provider does not answer, and while it has taken the call', async () => {
    dialer.script = () => ACCEPTED;
    const id = await running({ contacts: contacts(1) });
    // Accepted: looked up in five minutes.
    await eventually(async () => expect(await leaseLeftSeconds()).toBeGreaterThan(200));
    const answers = [
      () => {
        throw new Error('away');
      },
      () => null,
    ];
    for (const answer of answers) {
      let asked = 0;
      dialer.knows = () => {
        asked += 1;
        return answer();
      };
      await rows.endLeases(id);
      await eventually(() => expect(asked).toBeGreaterThan(0));
      await eventually(async () => expect(await leaseLeftSeconds()).toBeGreaterThan(30));
      expect(await rows.counts(id)).toEqual({ dialing: 1 });
    }

    await app.database.query(`update call_attempts set placed_at = placed_at - interval '2 hours'`);
    await rows.endLeases(id);

    await eventually(async () => expect(await rows.counts(id)).toEqual({ queued: 1 }));
    expect((await rows.people(id))[0].failureReason).toBe('unknown_outcome');
  });

  it('ends as the provider says, and goes on for as long as it says so', async () => {
    dialer.script = throwing;
    const id = await running({ contacts: contacts(1) });
    await eventually(() => expect(dialer.placed).toHaveLength(1));
    let asked = 0;
    dialer.knows = () => {
      asked += 1;
      return 'in_progress';
    };
    await rows.endLeases(id);
    await eventually(() => expect(asked).toBeGreaterThan(0));
    await eventually(async () => expect(await leaseLeftSeconds()).toBeGreaterThan(200));

    dialer.knows = () => callEnd('answered', { durationSeconds: 7 });
    await rows.endLeases(id);

    await becomes(id, 'completed');
    expect((await rows.people(id))[0]).toMatchObject({ status: 'completed', callDurationSeconds: 7 });
  });
});

describe('people', () => {
  it('pause at once and go on where they were', async () => {
    const door = aDoor();
    dialer.script = async () => {
      await door.opened;
      return ANSWERED;
    };
    const id = await running({ contacts: contacts(30), concurrentCallLimit: 3 });
    await eventually(() => expect(dialer.placed).toHaveLength(3));

    const { body } = await app.post(`/batch/jobs/${id}/pause`);

    expect(body).toMatchObject({ status: 'paused', contactsRemaining: 27, callsInProgress: 3 });
    door.open();
    await eventually(async () => expect(await rows.counts(id)).toEqual({ completed: 3, pending: 27 }));
    await dispatch();
    expect(dialer.placed).toHaveLength(3);
    expect((await app.post(`/batch/jobs/${id}/resume`)).body).toMatchObject({
      status: 'running',
      contactsRemaining: 27,
    });
    await becomes(id, 'completed');
    expect(dialer.placed).toHaveLength(30);
  });

  it('cancel at once, and calls in progress end normally', async () => {
    const door = aDoor();
    dialer.script = async () => {
      await door.opened;
      return callEnd('no_answer');
    };
    const id = await running({ contacts: contacts(10), concurrentCallLimit: 2 });
    await eventually(() => expect(dialer.placed).toHaveLength(2));

    expect((await app.post(`/batch/jobs/${id}/cancel`)).body).toMatchObject({ contactsCancelled: 8 });
    door.open();

    await eventually(async () => expect(await rows.counts(id)).toEqual({ no_answer: 2, cancelled: 8 }));
    expect((await rows.row(id)).status).toBe('cancelled');
  });

  it('raise a limit while it runs', async () => {
    const door = aDoor();
    dialer.script = async () => {
      await door.opened;
      return ANSWERED;
    };
    const id = await running({ contacts: contacts(30), concurrentCallLimit: 1 });
    await eventually(() => expect(dialer.placed).toHaveLength(1));

    const patch = { body: JSON.stringify({ concurrentCallLimit: 4 }), headers: { 'content-type': 'application/json' } };
    expect((await app.send('PATCH', `/batch/jobs/${id}`, patch)).status).toBe(200);

    await eventually(() => expect(dialer.placed).toHaveLength(4));
    await rows.addOrganization('org_a', 9);
    await app.send('PATCH', `/batch/jobs/${id}`, { ...patch, body: JSON.stringify({ concurrentCallLimit: 50 }) });
    await eventually(() => expect(dialer.placed).toHaveLength(9));
    door.open();
    await becomes(id, 'completed');
  });
});

describe('a worker that is told to stop', () => {
  it('takes no more calls, and lets those in hand end', async () => {
    const aborted: string[] = [];
    // Of different lengths, so that some end, and others could be taken, while it waits for the longest.
    const slowly = async ({ callId, toPhoneNumber }: OutboundCall, signal: AbortSignal) => {
      await new Promise((resolve) => setTimeout(resolve, 500 * (1 + (Number(toPhoneNumber.slice(-1)) % 5))));
      if (signal.aborted) aborted.push(callId);
      return ANSWERED;
    };
    const stopping = new ScriptedDialer(slowly);
    dialer.script = slowly;
    const worker = await bootWorker(app, { dialer: stopping, log: new LogLines() });
    await rows.addOrganization('org_a', 20);
    const id = await running({ contacts: contacts(60), concurrentCallLimit: 20 });
    await eventually(() => expect(stopping.placed.length).toBeGreaterThan(0));

    await worker.close();

    const placed = stopping.placed.length;
    await becomes(id, 'completed');
    expect(stopping.placed).toHaveLength(placed);
    expect(aborted).toEqual([]);
    expect(await rows.counts(id)).toEqual({ completed: 60 });
    const calls = await rows.calls(id);
    expect(calls.filter(({ reason }) => reason !== null)).toEqual([]);
  });
});

describe('without what Redis knew', () => {
  it('goes on: the sweep places what was claimed and not placed', async () => {
    const lost = Array.from({ length: 5 }, () => `call_${ulid()}`);
    // At once, so that no worker claims in between: what is left is a claim whose queue jobs never were.
    const id = await app.database.transaction(async (manager) => {
      const added = await new CallRows(manager).addCallable({ contacts: 12 });
      await run(manager, CLAIM_CALLS, { organizationId: 'org_a', callIds: lost });
      return added;
    });

    await becomes(id, 'completed');

    expect(dialer.placed).toHaveLength(12);
    expect(dialer.placed.map(({ callId }) => callId)).toEqual(expect.arrayContaining(lost));
    expect(new Set(dialer.placed.map(({ contactId }) => contactId)).size).toBe(12);
  });
});

describe('the counters', () => {
  it('add up to the contacts at every moment, whatever the outcomes are', async () => {
    await rows.addOrganization('org_a', 20);
    await assert(
      asyncProperty(
        array(constantFrom(...CALL_OUTCOMES), { minLength: 1, maxLength: 60 }),
        integer({ min: 1, max: 3 }),
        async (endings: CallOutcome[], maxAttempts) => {
          const count = Math.ceil(endings.length / 2);
          dialer.script = ({ toPhoneNumber, attempt }) =>
            callEnd(endings[(Number(toPhoneNumber.slice(-3)) + attempt * 7) % endings.length]);
          const id = await running({ contacts: contacts(count), concurrentCallLimit: 20, maxAttempts });
          expect(await differencesUntil(id, becomes(id, 'completed'))).toEqual([]);
          const ends = new Set(CALL_OUTCOMES.map(contactStatusOf));
          const { body } = await app.get(`/batch/jobs/${id}`);
          const sum = Object.values(body.statusBreakdown as Record<string, number>).reduce((a, b) => a + b, 0);
          expect([sum, body.contactsProcessed]).toEqual([count, count]);
          for (const { status } of await rows.people(id)) expect(ends).toContain(status);
        },
      ),
      { numRuns: 15 },
    );
  });
});

/** Looks at counters and contacts, in one snapshot, again and again until something has come to pass. @returns where they differ */
async function differencesUntil(id: string, done: Promise<unknown>): Promise<object[]> {
  const differences: object[] = [];
  const isOver = new AbortController();
  const looking = (async () => {
    while (!isOver.signal.aborted) {
      const beside = await rows.countersBesideContacts(id);
      if (!isDeepStrictEqual(beside.counters, beside.contacts)) differences.push(beside);
    }
  })();
  await done.finally(() => isOver.abort());
  await looking;
  return differences;
}

async function mostAtOneTime(): Promise<Map<string, number>> {
  const rowsOf = await app.database.query<{ holder: string; most: number }[]>(MOST_AT_ONE_TIME);
  return new Map(rowsOf.map(({ holder, most }) => [holder, most]));
}
