import { expect, it } from '@jest/globals';
import type { StepKind } from './explore.js';
import { brokenPromises, type SafetyPromise } from './promises.js';
import { CANCELLED, INITIAL, MISSED, RUNNING, SCHEDULED, type StartState } from './start-state.js';

type Change = Partial<StartState>;

const DUE: Change = { now: 2 };
const STARTED: Change = { status: RUNNING, starts: 1, startedBy: 1 };

const broken = (from: Change, to: Change, kind: StepKind = 'work'): SafetyPromise[] => {
  const before = { ...INITIAL, ...from };
  return brokenPromises(before, { kind, what: '', to: { ...before, ...to } });
};

interface Case {
  readonly what: string;
  readonly from: Change;
  readonly to: Change;
  readonly kind?: StepKind;
}

const CANCELLED_AND_TOLD: Change = { status: CANCELLED, isCancelAnswered: 1 };

it.each<Case & { readonly what: SafetyPromise }>([
  { what: 'a batch starts at most once', from: { ...DUE, ...STARTED }, to: { starts: 2 } },
  { what: 'nothing starts after a cancel was answered', from: { ...DUE, isCancelAnswered: 1 }, to: STARTED },
  { what: 'nothing starts after a cancel was answered', from: { isCancelAnswered: 1 }, to: STARTED, kind: 'request' },
  { what: 'nothing starts before its time', from: { now: 1 }, to: STARTED },
  { what: 'nothing starts after its late limit', from: { now: 4 }, to: STARTED },
  { what: 'no superseded wake-up starts anything', from: { ...DUE, revision: 2, secondStart: 1 }, to: STARTED },
  { what: 'what has ended stays ended', from: { status: CANCELLED }, to: { status: SCHEDULED } },
  { what: 'what has ended stays ended', from: { status: MISSED }, to: { status: CANCELLED } },
  { what: 'revisions only grow', from: { revision: 2, secondStart: 1 }, to: { revision: 1 } },
  { what: 'running means started', from: DUE, to: { status: RUNNING } },
  { what: 'a schedule has a time', from: {}, to: { revision: 2 } },
  { what: 'a schedule has a time', from: STARTED, to: { status: SCHEDULED } },
  { what: 'nothing is given up within its late limit', from: { now: 3 }, to: { status: MISSED } },
])('$what', ({ what, from, to, kind }) => {
  expect(broken(from, to, kind)).toEqual([what]);
});

it.each<Case>([
  { what: 'a start in time', from: DUE, to: STARTED },
  { what: 'a start just within its late limit', from: { now: 3 }, to: STARTED },
  { what: 'a start now, before its time', from: {}, to: STARTED, kind: 'request' },
  { what: 'a start given up past its late limit', from: { now: 4 }, to: { status: MISSED } },
  { what: 'a cancel', from: {}, to: CANCELLED_AND_TOLD, kind: 'request' },
  { what: 'a cancel of what runs', from: STARTED, to: CANCELLED_AND_TOLD, kind: 'request' },
  { what: 'a move', from: {}, to: { revision: 2, secondStart: 1 }, kind: 'request' },
])('$what breaks no promise', ({ from, to, kind }) => {
  expect(broken(from, to, kind)).toEqual([]);
});
