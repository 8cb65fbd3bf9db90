import { EVERY_FAULT, NO_FAULT, PRODUCT, type Faults, type Protocol } from './protocol.js';
import { LEFT_ALONE_IT_ENDS, type SafetyPromise } from './promises.js';

/** A protocol under some faults, and what becomes of it. */
export interface Variant {
  readonly name: string;
  readonly protocol: Protocol;
  readonly faults: Faults;
  /** The promise it breaks. Null when it keeps them all. */
  readonly breaks: SafetyPromise | typeof LEFT_ALONE_IT_ENDS | null;
  /** Set when only this promise is looked at, because another one breaks sooner or is given up on purpose. */
  readonly isAsked?: (promise: SafetyPromise) => boolean;
}

const CRASHES: Faults = { ...NO_FAULT, crashes: true };

/** One reschedule shows what these show, in a tenth of the states. */
const SMALL: Protocol = { ...PRODUCT, reschedules: 1 };
const UNHEALED: Protocol = { ...SMALL, sweeps: false, reconciles: false };
const READ_THEN_WRITE: Protocol = { ...SMALL, claimsAtOnce: false };

/** What the product has, and what it could do without. */
export const SOUND: readonly Variant[] = [
  { name: 'the product, every fault', protocol: PRODUCT, faults: EVERY_FAULT, breaks: null },
  { name: 'no reconciler, every fault', protocol: { ...SMALL, reconciles: false }, faults: EVERY_FAULT, breaks: null },
  {
    name: 'Redis first, but healed, every fault',
    protocol: { ...SMALL, isDatabaseFirst: false },
    faults: EVERY_FAULT,
    breaks: null,
  },
  {
    name: 'no revision check, stale starts allowed',
    protocol: { ...SMALL, checksRevision: false },
    faults: EVERY_FAULT,
    breaks: null,
    isAsked: (promise) => promise !== 'no superseded wake-up starts anything',
  },
  { name: 'no sweep, no reconciler, no fault', protocol: UNHEALED, faults: NO_FAULT, breaks: null },
];

/** One part taken away each: every one of them must break. */
export const WEAKENED: readonly Variant[] = [
  {
    name: 'no due-time guard',
    protocol: { ...SMALL, checksDueTime: false },
    faults: EVERY_FAULT,
    breaks: 'nothing starts before its time',
  },
  {
    name: 'no revision check',
    protocol: { ...SMALL, checksRevision: false },
    faults: EVERY_FAULT,
    breaks: 'no superseded wake-up starts anything',
  },
  {
    name: 'neither check, clocks right, crashes only',
    protocol: { ...SMALL, checksDueTime: false, checksRevision: false },
    faults: CRASHES,
    breaks: 'nothing starts before its time',
  },
  {
    name: 'claim reads, then writes: start now',
    protocol: READ_THEN_WRITE,
    faults: NO_FAULT,
    breaks: 'a batch starts at most once',
    isAsked: (promise) => promise === 'a batch starts at most once',
  },
  {
    name: 'claim reads, then writes: two workers alone',
    protocol: { ...READ_THEN_WRITE, startsNow: false },
    faults: NO_FAULT,
    breaks: 'a batch starts at most once',
    isAsked: (promise) => promise === 'a batch starts at most once',
  },
  {
    name: 'claim reads, then writes: after a cancel',
    protocol: READ_THEN_WRITE,
    faults: NO_FAULT,
    breaks: 'nothing starts after a cancel was answered',
    isAsked: (promise) => promise === 'nothing starts after a cancel was answered',
  },
  {
    name: 'claim reads, then writes: after a move',
    protocol: READ_THEN_WRITE,
    faults: NO_FAULT,
    breaks: 'nothing starts before its time',
    isAsked: (promise) => promise === 'nothing starts before its time',
  },
  {
    name: 'cancel answered before its commit',
    protocol: { ...SMALL, answersAfterCommit: false },
    faults: NO_FAULT,
    breaks: 'nothing starts after a cancel was answered',
  },
  { name: 'no sweep', protocol: { ...SMALL, sweeps: false }, faults: EVERY_FAULT, breaks: LEFT_ALONE_IT_ENDS },
  {
    name: 'no sweep, no reconciler, Redis lost',
    protocol: UNHEALED,
    faults: { ...NO_FAULT, losesRedis: true },
    breaks: LEFT_ALONE_IT_ENDS,
  },
  { name: 'no sweep, no reconciler, crashes', protocol: UNHEALED, faults: CRASHES, breaks: LEFT_ALONE_IT_ENDS },
  {
    name: 'Redis first, unhealed, crashes',
    protocol: { ...UNHEALED, isDatabaseFirst: false },
    faults: CRASHES,
    breaks: LEFT_ALONE_IT_ENDS,
  },
  {
    name: 'Redis first, claim asks the status only, crashes',
    protocol: { ...UNHEALED, isDatabaseFirst: false, checksDueTime: false, checksRevision: false },
    faults: CRASHES,
    breaks: 'nothing starts before its time',
  },
  {
    name: 'one queue id for all revisions, unhealed, no fault',
    protocol: { ...UNHEALED, hasIdPerRevision: false },
    faults: NO_FAULT,
    breaks: LEFT_ALONE_IT_ENDS,
  },
];
