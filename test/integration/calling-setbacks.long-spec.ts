import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check';
import { callEnd, type CallEnd } from '../../src/batch-jobs/call.outcome.js';
import { callSnooze, type CallSnooze } from '../../src/batch-jobs/call.snooze.js';
import { CallOutcomes } from '../../src/calling/call-outcomes.js';
import { WITHDRAWN, type PlacedCall } from '../../src/calling/dialer.js';
import { Dispatcher } from '../../src/calling/dispatcher.js';
import { CallRows } from '../support/call-rows.js';
import { EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { LogLines } from '../support/log-lines.js';
import { startBatch } from '../support/running-batch.js';
import { ACCEPTED, ANSWERED, ScriptedDialer } from '../support/scripted-dialer.js';
import { contacts, TestApp } from '../support/test-app.js';
import { truncate } from '../support/truncate.js';

let app: TestApp;
let rows: CallRows;
let log: LogLines;
const dialer = new ScriptedDialer();
beforeAll(async () => {
  app = await TestApp.start({ consumeQueues: true, dialer, settings: { retryDelaysMinutes: [0] } });
  rows = new CallRows(app.database);
  log = LogLines.listen();
});
afterAll(() => app.stop());
beforeEach(async () => {
  await app.database.query(
    `update batch_jobs set status = 'cancelled', pause_reason = null where status in ('running', 'paused')`,
  );
  await truncate(app.database, 'batch_jobs, call_attempts');
  await rows.addOrganization('org_a', 50);
  Object.assign(dialer, { script: () => ANSWERED, knows: () => null });
  dialer.placed.length = 0;
  log.forget();
});

const running = (count: number, fields: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  startBatch(app, contacts(count), fields);

const dispatch = () => app.app.get(Dispatcher, { strict: false }).dispatch('org_a');
const outcomes = () => app.app.get(CallOutcomes, { strict: false });
const detail = async (id: string) => (await app.get(`/batch/jobs/${id}`)).body;

/** Waits for a status of the job, cutting every hold of it short. */
const becomes = (id: string, status: string) =>
  eventually(async () => {
    await rows.passHolds();
    await dispatch();
    const { status: found } = await rows.row(id);
    if (found !== status) throw new Error(`${id} is ${found}: ${JSON.stringify(await rows.counts(id))}`);
  }, 90_000);

const BUSY = callSnooze('provider_busy', { errorCode: 'http_429' });
const AWAY = callSnooze('provider_unreachable', { errorCode: 'ECONNREFUSED' });

describe('a provider that is full', () => {
  it('costs nobody an attempt: everybody is called when it takes calls again', async () => {
    let refusals = 40;
    dialer.script = () => ((refusals -= 1) >= 0 ? BUSY : ANSWERED);
    const id = await running(40, { concurrentCallLimit: 10 });

    await becomes(id, 'completed');

    expect(await rows.counts(id)).toEqual({ completed: 40 });
    for (const { attemptCount } of await rows.people(id)) expect(attemptCount).toBe(1);
    expect(dialer.placed).toHaveLength(80);
    expect(await rows.hold(id)).toBeNull();
    expect(log.of('batch paused')).toEqual([]);
  });

  it('is left alone for as long as it asks, and the batch says so', async () => {
    dialer.script = () => callSnooze('provider_busy', { errorCode: 'http_429', retryAfterMs: 600_000 });
    const id = await running(20, { concurrentCallLimit: 5 });
    await eventually(async () => expect(await rows.counts(id)).toEqual({ pending: 20 }));
    await eventually(async () => expect((await rows.hold(id))?.leftMs).toBeGreaterThan(590_000));
    const placed = dialer.placed.length;

    await dispatch();

    expect(placed).toBeLessThanOrEqual(5);
    expect(dialer.placed).toHaveLength(placed);
    const shown = await detail(id);
    expect(shown).toMatchObject({
      status: 'running',
      pauseReason: null,
      callHold: { reason: 'provider_busy', errorCode: 'http_429', until: expect.stringMatching(/Z$/) },
    });
    // What is taken while the first setback is being committed is a second one.
    const setbacks = log.of('batch held').length;
    expect(shown).toMatchObject({ callHold: { setbacks } });
    expect(setbacks).toBeLessThanOrEqual(2);
  });

  it('is asked for nothing of the batch for more than an hour, whatever it says', async () => {
    dialer.script = () => callSnooze('provider_busy', { retryAfterMs: 86_400_000 });
    const id = await running(1);
    await eventually(async () => expect((await rows.hold(id))?.leftMs).toBeGreaterThan(3_500_000));
    expect((await rows.hold(id))?.leftMs).toBeLessThanOrEqual(3_600_000);
  });

  it('goes on by itself after the hold', async () => {
    let refusals = 1;
    dialer.script = () => ((refusals -= 1) >= 0 ? BUSY : ANSWERED);
    const id = await running(3, { concurrentCallLimit: 1 });
    await eventually(async () => expect((await rows.row(id)).status).toBe('completed'), 10_000);
    expect(await rows.counts(id)).toEqual({ completed: 3 });
  });
});

describe('an outage of the provider', () => {
  it('pauses the batch, with nobody called or lost, and a person goes on with it', async () => {
    dialer.script = () => AWAY;
    const id = await running(30, { concurrentCallLimit: 5 });
    const events = await EventReader.open(`${app.url}/batch/jobs/${id}/events`, app.key);

    await becomes(id, 'paused');

    expect(await rows.counts(id)).toEqual({ pending: 30 });
    expect(await rows.calls(id)).toEqual([]);
    expect(await detail(id)).toMatchObject({
      pauseReason: 'provider_unreachable',
      callHold: { reason: 'provider_unreachable', errorCode: 'ECONNREFUSED', setbacks: 8 },
    });
    expect((await app.get('/batch/jobs')).body.batchJobs[0]).toMatchObject({ pauseReason: 'provider_unreachable' });
    await events.sees('status', ({ pauseReason }) => pauseReason === 'provider_unreachable');
    expect((await rows.history(id)).at(-1)).toMatchObject({
      action: 'paused',
      actor: 'system',
      reason: 'provider_unreachable',
    });
    expect(log.of('batch paused')).toMatchObject([{ batchJobId: id, reason: 'provider_unreachable', setbacks: 8 }]);

    dialer.script = () => ANSWERED;
    expect((await app.post(`/batch/jobs/${id}/resume`)).status).toBe(200);
    await events.sees('status', ({ pauseReason }) => pauseReason === null);
    await becomes(id, 'completed');
    expect(await rows.counts(id)).toEqual({ completed: 30 });
    events.leave();
  });

  it('that leaves every outcome unknown takes a few contacts, not the list', async () => {
    dialer.script = () => {
      throw Object.assign(new Error('the line broke'), { code: 'ECONNRESET' });
    };
    dialer.knows = () => {
      throw new Error('away');
    };
    const id = await running(100, { concurrentCallLimit: 4 });
    await eventually(async () => expect(await rows.hold(id)).toMatchObject({ reason: 'provider_failing' }));
    expect(await rows.hold(id)).toMatchObject({ errorCode: 'ECONNRESET' });

    // Each time that a call is looked up, and nobody answers, is another one.
    await eventually(async () => {
      await rows.endLeases(id);
      await rows.passHolds();
      await dispatch();
      expect(await rows.pauseReason(id)).toBe('provider_failing');
    }, 90_000);

    expect((await rows.counts(id)).pending).toBe(96);
    expect(dialer.placed).toHaveLength(4);
  });

  it('is no reason to pause a batch whose calls are taken, although nobody knows how they go', async () => {
    dialer.script = () => ACCEPTED;
    let asked = 0;
    dialer.knows = () => {
      asked += 1;
      throw new Error('away');
    };
    const id = await running(1);
    await eventually(async () => expect(dialer.placed).toHaveLength(1));
    await eventually(async () => {
      await rows.endLeases(id);
      expect(asked).toBeGreaterThan(3);
    }, 90_000);
    expect(await rows.hold(id)).toBeNull();
  });
});

describe('the state of an account', () => {
  it.each(['dialer_misconfigured', 'account_suspended', 'insufficient_balance'] as const)(
    '%s pauses the batch, its contacts untouched',
    async (reason) => {
      dialer.script = () => callSnooze(reason);
      const id = await running(20);
      await becomes(id, 'paused');
      expect(await rows.counts(id)).toEqual({ pending: 20 });
      expect(await detail(id)).toMatchObject({ status: 'paused', pauseReason: reason });
      expect((await app.post(`/batch/jobs/${id}/cancel`)).body).toMatchObject({ contactsCancelled: 20 });
      expect(await detail(id)).toMatchObject({ status: 'cancelled', pauseReason: null, callHold: null });
    },
  );

  it('that passes is nothing but a hold of a second', async () => {
    let refusals = 1;
    dialer.script = () =>
      (refusals -= 1) >= 0 ? callSnooze('dialer_misconfigured', { errorCode: 'http_401' }) : ANSWERED;
    const id = await running(5, { concurrentCallLimit: 2 });
    await becomes(id, 'completed');
    expect(await rows.counts(id)).toEqual({ completed: 5 });
  });
});

describe('a call that was accepted', () => {
  it('is given back when a report says that it was never placed', async () => {
    dialer.script = () => ACCEPTED;
    const id = await running(1);
    await eventually(async () => expect((await rows.calls(id)).map(({ isPlaced }) => isPlaced)).toEqual([true]));
    dialer.script = () => ANSWERED;
    const [{ callId }] = dialer.placed;

    expect(await outcomes().record(callId, BUSY)).toEqual({
      batchJobId: id,
      attempt: 1,
      isNew: true,
      contactStatus: 'pending',
      nextRetryAt: null,
    });

    await expect(outcomes().record(callId, BUSY)).rejects.toMatchObject({ code: 'call_not_found' });
    await expect(outcomes().record(callId, ANSWERED)).rejects.toMatchObject({ code: 'call_not_found' });
    await becomes(id, 'completed');
    expect((await rows.people(id))[0]).toMatchObject({ status: 'completed', attemptCount: 1 });
  });

  it('is given back when that is found by looking it up', async () => {
    dialer.script = () => ACCEPTED;
    const id = await running(1);
    await eventually(async () => expect(await rows.acceptedCalls()).toBe(1));
    dialer.script = () => ANSWERED;
    dialer.knows = () => BUSY;
    await rows.endLeases(id);
    await becomes(id, 'completed');
    expect((await rows.people(id))[0]).toMatchObject({ status: 'completed', attemptCount: 1 });
  });
});

describe('a dialer', () => {
  it('that sends nothing gives the call back, without a consequence for its batch', async () => {
    let withdrawn = 0;
    dialer.script = () => ((withdrawn += 1) <= 2 ? WITHDRAWN : ANSWERED);
    const id = await running(2, { concurrentCallLimit: 1 });
    await becomes(id, 'completed');
    expect((await rows.people(id)).map(({ attemptCount }) => attemptCount)).toEqual([1, 1]);
    expect(log.of('batch held')).toEqual([]);
  });
});

describe('whatever comes', () => {
  it('a snooze costs no attempt, and the counters add up', async () => {
    const told: readonly (CallEnd | CallSnooze | typeof WITHDRAWN)[] = [
      ANSWERED,
      callEnd('busy'),
      callEnd('no_answer'),
      callEnd('invalid_number'),
      BUSY,
      callSnooze('dialer_misconfigured'),
      AWAY,
      WITHDRAWN,
    ];
    await assert(
      asyncProperty(
        array(constantFrom(...told), { minLength: 1, maxLength: 40 }),
        integer({ min: 1, max: 3 }),
        integer({ min: 1, max: 9 }),
        async (script, maxAttempts, concurrentCallLimit) => {
          let at = 0;
          const ends = new Map<string, number>();
          dialer.script = ({ contactId }): PlacedCall => {
            const next = script[(at += 1)] ?? ANSWERED;
            if (next.outcome !== 'snoozed' && next.outcome !== 'withdrawn') {
              ends.set(contactId, (ends.get(contactId) ?? 0) + 1);
            }
            return next;
          };
          const id = await running(8, { maxAttempts, concurrentCallLimit });
          await eventually(async () => {
            await rows.passHolds();
            if ((await rows.row(id)).status === 'paused') await app.post(`/batch/jobs/${id}/resume`);
            await dispatch();
            expect((await rows.row(id)).status).toBe('completed');
          }, 90_000);

          for (const { id: contactId, attemptCount } of await rows.people(id)) {
            expect(attemptCount).toBe(ends.get(contactId));
          }
          expect(await rows.calls(id)).toHaveLength([...ends.values()].reduce((sum, calls) => sum + calls, 0));
          const { counters, contacts: counted } = await rows.countersBesideContacts(id);
          expect(counters).toEqual(counted);
          expect(await rows.hold(id)).toBeNull();
        },
      ),
      { numRuns: 12 },
    );
  }, 120_000);
});
