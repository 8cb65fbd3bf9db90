import { describe, expect, it } from '@jest/globals';
import type {
  Answer,
  BatchLedger,
  BatchRecord,
  Evidence,
  HistoryLedger,
  ProcessRecord,
  StartLedger,
  Verb,
} from './evidence.js';
import { violationsOf } from './invariants.js';

const DUE = Date.parse('2031-03-09T14:00:00.000Z');
const LATER = DUE + 60_000;
const ID = 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV';
const NAME = 'a batch';

const change = (action: string, from: string | null, to: string, revision = 1, startsAt = DUE): HistoryLedger => {
  const facts = (status: string, scheduleRevision: number) =>
    ({
      status,
      scheduleRevision,
      startsAt: new Date(startsAt).toISOString(),
      localStartTime: null,
      timezone: 'UTC',
    }) as HistoryLedger['after'];
  const revisionBefore = action === 'rescheduled' ? revision - 1 : revision;
  return {
    action,
    occurredAt: DUE,
    before: from === null ? null : facts(from, revisionBefore),
    after: facts(to, revision),
  };
};

const CREATED = change('created', null, 'scheduled');
const MOVED = change('rescheduled', 'scheduled', 'scheduled', 2, LATER);
const STARTED = change('started', 'scheduled', 'running');

const start = (more: Partial<StartLedger> = {}): StartLedger => ({
  revision: 1,
  trigger: 'timer',
  plannedAt: DUE,
  startedAt: DUE + 20,
  lateMs: 20,
  ...more,
});

/** Started by its timer. */
const aLedger = (more: Partial<BatchLedger> = {}): BatchLedger => ({
  id: ID,
  name: NAME,
  status: 'running',
  revision: 1,
  startsAt: DUE,
  startedAt: DUE + 20,
  completedAt: null,
  failureReason: null,
  starts: [start()],
  history: [CREATED, STARTED],
  ...more,
});

/** Nobody has started it. */
const aScheduled = (more: Partial<BatchLedger> = {}): BatchLedger =>
  aLedger({ status: 'scheduled', startedAt: null, starts: [], history: [CREATED], ...more });

const asked = (verb: Verb, more: Partial<Answer> | null = {}) => ({
  verb,
  sentAt: DUE - 5_000,
  answer: more && { at: DUE - 4_900, status: 200, code: null, revision: null, startsAt: null, ...more },
});
const CREATE = asked('create', { revision: 1, startsAt: DUE });
const RESCHEDULE = asked('reschedule', { revision: 2, startsAt: LATER });

const aRecord = (...requests: BatchRecord['requests'][number][]): BatchRecord => ({ name: NAME, id: ID, requests });

const aProcess = (...lines: string[]): ProcessRecord => ({ name: 'worker 1', lines, diedWith: null });

const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  takenAt: DUE + 30_000,
  batches: [aRecord(CREATE)],
  ledgers: [aLedger()],
  outages: [],
  boundMs: 15_000,
  maxLateMs: 3_600_000,
  backdated: new Map(),
  mayRefuse: false,
  scheduled: [],
  delayed: new Map(),
  ahead: [],
  processes: [],
  canaries: [],
  ...more,
});

/** Each breaks one promise; the checker must say which. */
const BROKEN: Readonly<Record<string, { with: Partial<Evidence>; says: RegExp }>> = {
  'two start rows': { with: { ledgers: [aLedger({ starts: [start(), start()] })] }, says: /started 2 times/ },
  'a start that the history does not tell of': {
    with: {
      ledgers: [aLedger({ history: [CREATED, change('cancelled', 'scheduled', 'cancelled')], status: 'cancelled' })],
    },
    says: /the history tells of 0 starts, the start ledger of 1/,
  },
  'running without a start row': {
    with: { ledgers: [aLedger({ starts: [] })] },
    says: /is running, without a start row/,
  },
  'a start row of a batch that is scheduled': {
    with: { ledgers: [aLedger({ status: 'scheduled' })] },
    says: /is scheduled, with a start row/,
  },
  'a start before its time': {
    with: { ledgers: [aLedger({ startedAt: DUE - 1, starts: [start({ startedAt: DUE - 1 })] })] },
    says: /started 1 ms before its time/,
  },
  'a start by a revision that never was in force': {
    with: { ledgers: [aLedger({ starts: [start({ revision: 7 })] })] },
    says: /revision 7 was started, which never was in force/,
  },
  'a start before the time that was acknowledged': {
    with: { batches: [aRecord(asked('create', { revision: 1, startsAt: LATER }))] },
    says: /started 59980 ms before the acknowledged time/,
  },
  'a start by a schedule that was replaced': {
    with: { batches: [aRecord(CREATE, RESCHEDULE)] },
    says: /revision 1 was started, although revision 2 was acknowledged/,
  },
  'an acknowledged revision that was not written': {
    with: { batches: [aRecord(CREATE, RESCHEDULE)] },
    says: /revision 2 was acknowledged for \d+, and is written for nothing/,
  },
  'a revision acknowledged to two callers': {
    with: { batches: [aRecord(CREATE, CREATE)] },
    says: /revision 1 was acknowledged twice/,
  },
  'a start after an acknowledged cancel': {
    with: { batches: [aRecord(CREATE, asked('cancel'))] },
    says: /started 4920 ms after its cancel was acknowledged/,
  },
  'a cancel that did not last': {
    with: { batches: [aRecord(CREATE, asked('cancel'))] },
    says: /its cancel was acknowledged, and it is running/,
  },
  'a start by request that is not in the ledger': {
    with: { batches: [aRecord(asked('start'))] },
    says: /its start was acknowledged, and the ledger says timer/,
  },
  'a start by request acknowledged twice': {
    with: { batches: [aRecord(asked('start'), asked('start'))] },
    says: /its start was acknowledged 2 times/,
  },
  'a batch that was acknowledged and is not there': {
    with: { ledgers: [] },
    says: /acknowledged, and not in the database/,
  },
  'a schedule that nobody starts': {
    with: { ledgers: [aScheduled()] },
    says: /is still scheduled 30000 ms later/,
  },
  'a start beyond the bound': {
    with: { ledgers: [aLedger({ startedAt: DUE + 15_001, starts: [start({ startedAt: DUE + 15_001 })] })] },
    says: /started 15001 ms late by timer, 1 ms over the bound/,
  },
  'a start beyond the bound after an outage': {
    with: {
      outages: [{ from: DUE - 100, to: DUE + 5_000 }],
      ledgers: [aLedger({ startedAt: DUE + 20_001, starts: [start({ startedAt: DUE + 20_001 })] })],
    },
    says: /1 ms over the bound/,
  },
  'a miss that was in time': {
    with: {
      ledgers: [
        aScheduled({
          status: 'failed',
          failureReason: 'start_window_missed',
          completedAt: DUE + 3_600_000,
          history: [CREATED, change('missed', 'scheduled', 'failed')],
        }),
      ],
    },
    says: /missed only 3600000 ms after its time/,
  },
  'a failure of another reason': {
    with: {
      ledgers: [aScheduled({ status: 'failed', failureReason: 'tired', completedAt: DUE + 3_700_000 })],
    },
    says: /failed of tired/,
  },
  'a start too late to be made': {
    with: {
      outages: [{ from: DUE, to: DUE + 3_600_001 }],
      ledgers: [aLedger({ startedAt: DUE + 3_600_001, starts: [start({ startedAt: DUE + 3_600_001 })] })],
    },
    says: /3600001 ms late: too late to start/,
  },
  'a revision that shrinks': {
    with: {
      ledgers: [aScheduled({ history: [CREATED, MOVED, change('rescheduled', 'scheduled', 'scheduled', 2, DUE)] })],
    },
    says: /change 3 does not begin where change 2 ended/,
  },
  'a move that does not raise the revision': {
    with: { ledgers: [aScheduled({ history: [CREATED, { ...MOVED, before: MOVED.after }] })] },
    says: /rescheduled took the revision from 2 to 2/,
  },
  'a row whose revision is not that of its last change': {
    with: { ledgers: [aLedger({ revision: 2 })] },
    says: /is at revision 2, the last change was of revision 1/,
  },
  'a change that the history lacks': {
    with: { ledgers: [aLedger({ history: [change('created', null, 'pending'), STARTED] })] },
    says: /change 2 does not begin where change 1 ended/,
  },
  'a status that no change led to': {
    with: { ledgers: [aLedger({ history: [CREATED] })] },
    says: /is running, and was left scheduled by its last change/,
  },
  'a life after the end': {
    with: {
      ledgers: [aLedger({ history: [CREATED, change('cancelled', 'scheduled', 'cancelled'), STARTED] })],
    },
    says: /started after it was cancelled/,
  },
  'a 500': {
    with: { mayRefuse: true, batches: [aRecord(CREATE, asked('cancel', { status: 500, code: 'internal_error' }))] },
    says: /cancel was answered with 500 internal_error/,
  },
  'a refusal that has nothing to do with the state': {
    with: { batches: [aRecord(CREATE, asked('cancel', { status: 404, code: 'job_not_found' }))] },
    says: /cancel was answered with 404 job_not_found/,
  },
  'a service that is unavailable for want of Redis': {
    with: { batches: [aRecord(CREATE, asked('reschedule', { status: 503, code: 'unavailable' }))] },
    says: /1 of 2 requests were answered with 503/,
  },
  'a request without an answer': {
    with: { batches: [aRecord(CREATE, asked('reschedule', null))] },
    says: /reschedule was not answered/,
  },
  'an answer after half a minute': {
    with: { batches: [aRecord({ ...CREATE, sentAt: DUE - 40_000 })] },
    says: /create was answered after 35100 ms/,
  },
  'a scheduled row without its wake-up': {
    with: { scheduled: [{ id: ID, revision: 2, startsAt: LATER }] },
    says: /r2 has no wake-up/,
  },
  'a wake-up at another time': {
    with: { scheduled: [{ id: ID, revision: 2, startsAt: LATER }], delayed: new Map([[`${ID}.r2`, LATER + 2_000]]) },
    says: /fires 2000 ms after its time/,
  },
  'a wake-up that no row wants': {
    with: { delayed: new Map([[`${ID}.r1`, DUE]]) },
    says: /no row wants the wake-up/,
  },
  'a Redis that knows more than PostgreSQL': {
    with: { ahead: [`${ID}.r2, while the row was at revision 1`] },
    says: /Redis was ahead of PostgreSQL/,
  },
  'a process that died': {
    with: { processes: [{ ...aProcess(), diedWith: 'code 1, signal null' }] },
    says: /worker 1: ended by itself: code 1/,
  },
  'an unhandled rejection': {
    with: { processes: [aProcess('[UnhandledPromiseRejection: This error originated …]')] },
    says: /printed \[UnhandledPromiseRejection/,
  },
  'a stack': { with: { processes: [aProcess('    at wake (file:///worker.js:3:7)')] }, says: /printed {5}at wake/ },
  'a canary in the log': {
    with: { canaries: ['Quillfeather'], processes: [aProcess('{"msg":"calling Quillfeather"}')] },
    says: /printed the canary Quillfeather/,
  },
  'a worker that started what it was not woken for': {
    with: {
      processes: [aProcess(`{"batchJobId":"${ID}","revision":2,"trigger":"timer","msg":"batch started"}`)],
    },
    says: /said that revision 2 of .* was started by timer; the ledger says revision 1 by timer/,
  },
};

describe('the checker', () => {
  it('has nothing to say of what is well', () => {
    const moved = aScheduled({ id: `${ID}X`, name: 'moved', revision: 2, startsAt: LATER, history: [CREATED, MOVED] });
    const missed = aScheduled({
      id: `${ID}Y`,
      name: 'missed',
      status: 'failed',
      failureReason: 'start_window_missed',
      completedAt: DUE + 3_600_001,
      history: [CREATED, change('missed', 'scheduled', 'failed')],
    });
    const well = evidence({
      batches: [
        aRecord(CREATE),
        { ...aRecord(CREATE, RESCHEDULE), name: 'moved' },
        { ...aRecord(CREATE), name: 'missed' },
      ],
      ledgers: [aLedger(), moved, missed],
      scheduled: [{ id: `${ID}X`, revision: 2, startsAt: LATER }],
      delayed: new Map([[`${ID}X.r2`, LATER]]),
      processes: [aProcess(`{"batchJobId":"${ID}","revision":1,"trigger":"timer","msg":"batch started"}`)],
      canaries: ['Quillfeather'],
    });
    expect(violationsOf(well)).toEqual([]);
  });

  it('lets a start be as late as an outage makes it', () => {
    const late = { startedAt: DUE + 19_999, starts: [start({ startedAt: DUE + 19_999 })] };
    const outages = [{ from: DUE - 100, to: DUE + 5_000 }];
    expect(violationsOf(evidence({ outages, ledgers: [aLedger(late)] }))).toEqual([]);
  });

  it.each(Object.entries(BROKEN))('reports %s', (_, { with: broken, says }) => {
    expect(violationsOf(evidence(broken))).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
  });
});
