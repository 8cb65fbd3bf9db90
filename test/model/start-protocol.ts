import type { Model, Step } from './explore.js';
import { claims, lateCommitSteps, requestSteps, writeAfterRead, type Claiming } from './database-steps.js';
import { brokenPromises, LEFT_ALONE_IT_ENDS, type SafetyPromise } from './promises.js';
import type { Faults, Protocol } from './protocol.js';
import {
  bit,
  IDLE,
  INITIAL,
  LAST_TICK,
  pack,
  REVISIONS,
  SCHEDULED,
  startOf,
  unpack,
  woken,
  type StartState,
} from './start-state.js';

type Steps = Step<StartState>[];

/**
 * The start protocol as a transition system: docs/architecture.md, "The start protocol".
 *
 * **Modelled.** One batch, created and scheduled. Two reschedules, a cancel and a start-now at any time, also at the
 * same time: each is one atomic statement, so their order is all that matters. Two workers with consumer and sweep;
 * the reconciler; queue jobs by revision; every command to Redis on its way on its own. Time in ticks. Faults as often
 * as they like: a process dies between any two steps, Redis forgets or remembers too much, commands are lost or late,
 * wake-ups come early or again.
 *
 * **Wider than the product, so that what holds here holds there.** A wake-up may be delivered again as long as Redis
 * has it. Commands of a request that is over may take effect at any later time, and so may an acknowledgement's. The
 * reconciler sets the wake-up of the row in force whether Redis has it or not, as if its look at Redis were old. A
 * request counts as answered from its commit on, which is the earliest that it can be.
 *
 * **Left out.** A request that is refused or dies before its commit changes nothing. A worker's clock is not asked by
 * any statement; that of Redis decides only when it delivers, which here is at any time. A batch that is pending, and
 * what follows a start, have no wake-up. Other batches share no row and no queue job with this one.
 */
export const startProtocol = (
  protocol: Protocol,
  faults: Faults,
  isAsked: (promise: SafetyPromise) => boolean = () => true,
): Model<StartState> => ({
  initial: INITIAL,
  pack,
  unpack,
  isEnd: ({ status }) => status !== SCHEDULED,
  endPromise: LEFT_ALONE_IT_ENDS,
  violation: (from, step) => brokenPromises(from, step).find(isAsked),
  steps: (state) => [
    ...timeSteps(state, faults),
    ...requestSteps(state, protocol),
    ...lateCommitSteps(state),
    ...commandSteps(state, protocol, faults),
    ...workerSteps(state, protocol, faults),
    ...(protocol.reconciles ? reconcilerSteps(state) : []),
    ...redisFaults(state, faults),
  ],
});

/** Where commands are neither late nor lost they are over before the next tick. */
function timeSteps(state: StartState, { delaysCommands }: Faults): Steps {
  if (state.now === LAST_TICK || (!delaysCommands && (state.adds | state.removes) !== 0)) return [];
  return [{ kind: 'work', what: `tick ${state.now + 1}`, to: { ...state, now: state.now + 1 } }];
}

/** Each command takes effect or is lost, in any order. */
function commandSteps(state: StartState, { hasIdPerRevision }: Protocol, faults: Faults): Steps {
  const steps: Steps = [];
  const { queue } = state;
  for (const revision of REVISIONS) {
    const one = bit(revision);
    if ((state.adds & one) !== 0) {
      const rest = { ...state, adds: state.adds & ~one };
      const isIgnored = !hasIdPerRevision && queue !== 0;
      const to = isIgnored ? rest : { ...rest, queue: queue | one };
      const what = isIgnored ? `Bull ignores the wake-up of revision ${revision}` : `Redis has a wake-up ${revision}`;
      steps.push({ kind: 'work', what, to });
      if (faults.delaysCommands)
        steps.push({ kind: 'fault', what: `the add of wake-up ${revision} is lost`, to: rest });
    }
    if ((state.removes & one) !== 0) {
      const rest = { ...state, removes: state.removes & ~one };
      const to = { ...rest, queue: hasIdPerRevision ? queue & ~one : 0 };
      steps.push({ kind: 'work', what: `wake-up ${revision} is removed from Redis`, to });
      if (faults.delaysCommands) {
        steps.push({ kind: 'fault', what: `the removal of wake-up ${revision} is lost`, to: rest });
      }
    }
  }
  if (faults.crashes && ((state.adds | state.removes) !== 0 || state.moving !== 0)) {
    steps.push({
      kind: 'fault',
      what: 'the API dies, the rest unsaid',
      to: { ...state, adds: 0, removes: 0, moving: 0 },
    });
  }
  return steps;
}

function workerSteps(state: StartState, protocol: Protocol, faults: Faults): Steps {
  const { worker, otherWorker } = state;
  const steps = stepsOfOne(state, worker, otherWorker, protocol, faults);
  // Two workers that do the same have the same steps.
  return worker === otherWorker ? steps : [...steps, ...stepsOfOne(state, otherWorker, worker, protocol, faults)];
}

function stepsOfOne(state: StartState, doing: number, other: number, protocol: Protocol, faults: Faults): Steps {
  if (doing === IDLE) return [...deliveries(state, other, faults), ...(protocol.sweeps ? sweep(state, other) : [])];

  const revision = ((doing - 1) % REVISIONS.length) + 1;
  const next = (claiming: Claiming): Step<StartState> => ({
    kind: 'work',
    what: claiming.what,
    to: withWorkers(claiming.state, claiming.doing, other),
  });
  const steps: Steps = [];
  if (doing <= 3) steps.push(...claims(state, revision, protocol).map(next));
  else if (doing <= 6) steps.push(next(writeAfterRead(state, revision)));
  else {
    const acknowledged = { ...state, queue: state.queue & ~bit(revision) };
    steps.push({
      kind: 'work',
      what: `a worker acknowledges wake-up ${revision}`,
      to: withWorkers(acknowledged, IDLE, other),
    });
  }
  if (faults.crashes) steps.push({ kind: 'fault', what: 'a worker dies', to: withWorkers(state, IDLE, other) });
  return steps;
}

function deliveries(state: StartState, other: number, faults: Faults): Steps {
  const steps: Steps = [];
  for (const revision of REVISIONS) {
    if ((state.queue & bit(revision)) === 0) continue;
    const isEarly = startOf(state, revision) > state.now;
    const isTwice = other !== IDLE && (other - revision) % REVISIONS.length === 0;
    if ((isEarly && !faults.deliversEarly) || (isTwice && !faults.deliversTwice)) continue;
    const how = `${isEarly ? ' early' : ''}${isTwice ? ' again' : ''}`;
    const kind = isEarly || isTwice ? 'fault' : 'work';
    const to = withWorkers(state, woken(revision), other);
    steps.push({ kind, what: `Redis delivers wake-up ${revision}${how}`, to });
  }
  return steps;
}

/** Reads what is due; the claim is a step of its own, and may come much later. */
function sweep(state: StartState, other: number): Steps {
  const { revision, status, now } = state;
  if (status !== SCHEDULED || startOf(state, revision) > now) return [];
  return [{ kind: 'work', what: `a sweep finds revision ${revision}`, to: withWorkers(state, woken(revision), other) }];
}

/** A wake-up for what is to come, and none for what no row wants: both as commands on their way. */
function reconcilerSteps(state: StartState): Steps {
  const { revision, status, now, adds, removes, queue } = state;
  const steps: Steps = [];
  if (status === SCHEDULED && startOf(state, revision) > now && (adds & bit(revision)) === 0) {
    const to = { ...state, adds: adds | bit(revision) };
    steps.push({ kind: 'work', what: `the reconciler sets wake-up ${revision}`, to });
  }
  for (const other of REVISIONS) {
    const isWanted = status === SCHEDULED && other === revision;
    if (isWanted || (queue & ~removes & bit(other)) === 0) continue;
    const to = { ...state, removes: removes | bit(other) };
    steps.push({ kind: 'work', what: `the reconciler takes wake-up ${other} away`, to });
  }
  return steps;
}

function redisFaults(state: StartState, { losesRedis }: Faults): Steps {
  if (!losesRedis) return [];
  const steps: Steps = [];
  if (state.queue !== 0) steps.push({ kind: 'fault', what: 'Redis loses everything', to: { ...state, queue: 0 } });
  for (const revision of REVISIONS) {
    if (revision > state.revision || (state.queue & bit(revision)) !== 0) continue;
    const to = { ...state, queue: state.queue | bit(revision) };
    steps.push({ kind: 'fault', what: `Redis comes back with an old wake-up ${revision}`, to });
  }
  return steps;
}

const withWorkers = (state: StartState, one: number, other: number): StartState =>
  one <= other ? { ...state, worker: one, otherWorker: other } : { ...state, worker: other, otherWorker: one };
