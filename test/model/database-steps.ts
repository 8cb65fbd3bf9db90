import type { Step } from './explore.js';
import type { Protocol } from './protocol.js';
import {
  bit,
  CANCELLED,
  hasRead,
  isDone,
  LATE_LIMIT,
  MISSED,
  MOVES,
  RUNNING,
  SCHEDULED,
  startOf,
  type StartState,
} from './start-state.js';

/** What the one conditional statement of a claim does to the row; `stale` and `early` change nothing. */
type Claim = 'started' | 'missed' | 'early' | 'stale';

function judge(state: StartState, revision: number, protocol: Protocol): Claim {
  if (state.status !== SCHEDULED) return 'stale';
  if (protocol.checksRevision && revision !== state.revision) return 'stale';
  const startsAt = startOf(state, state.revision);
  if (protocol.checksDueTime && startsAt > state.now) return 'early';
  return state.now - startsAt > LATE_LIMIT ? 'missed' : 'started';
}

/** @param by revision of who claimed; for a start now, the one in force */
const started = (state: StartState, by: number): StartState => ({
  ...state,
  status: RUNNING,
  starts: Math.min(state.starts + 1, 2),
  startedBy: by,
});

const missed = (state: StartState): StartState => ({ ...state, status: MISSED });

/** Requests of a client. Each is one atomic statement: its commit is also the earliest moment of its answer. */
export function requestSteps(state: StartState, protocol: Protocol): Step<StartState>[] {
  const requests = [...moveSteps(state, protocol), ...cancelSteps(state, protocol)];
  if (state.status === SCHEDULED && protocol.startsNow) {
    const to = { ...started(state, state.revision), removes: state.removes | bit(state.revision) };
    requests.push({ kind: 'request', what: 'start now: committed and answered', to });
  }
  return requests;
}

function moveSteps(state: StartState, protocol: Protocol): Step<StartState>[] {
  const { now, status, revision, removes, adds } = state;
  if (status !== SCHEDULED || revision > protocol.reschedules || state.moving !== 0) return [];
  return MOVES.filter((startsAt) => startsAt > now).map((startsAt) => {
    const told = {
      ...withStart(state, revision + 1, startsAt),
      removes: removes | bit(revision),
      adds: adds | bit(revision + 1),
    };
    const what = `a reschedule from tick ${startOf(state, revision)} to tick ${startsAt}`;
    return protocol.isDatabaseFirst
      ? {
          kind: 'request',
          what: `${what}: revision ${revision + 1} committed`,
          to: { ...told, revision: revision + 1 },
        }
      : { kind: 'request', what: `${what} is begun with Redis`, to: { ...told, moving: startsAt } };
  });
}

/** Redis-first: the row, once Redis has done as it was told. */
export function lateCommitSteps(state: StartState): Step<StartState>[] {
  const { moving, revision, adds, removes } = state;
  if (moving === 0 || (adds & bit(revision + 1)) !== 0 || (removes & bit(revision)) !== 0) return [];
  const isAllowed = state.status === SCHEDULED && moving > state.now;
  return isAllowed
    ? [
        {
          kind: 'work',
          what: `revision ${revision + 1} committed`,
          to: { ...state, moving: 0, revision: revision + 1 },
        },
      ]
    : [{ kind: 'work', what: 'the reschedule is refused', to: { ...state, moving: 0 } }];
}

function cancelSteps(state: StartState, protocol: Protocol): Step<StartState>[] {
  if (state.status !== SCHEDULED && state.status !== RUNNING) return [];
  const committed: StartState = {
    ...state,
    status: CANCELLED,
    isCancelAnswered: 1,
    removes: state.removes | bit(state.revision),
  };
  if (protocol.answersAfterCommit)
    return [{ kind: 'request', what: 'a cancel: committed and answered', to: committed }];
  if (state.isCancelAnswered !== 0) return [{ kind: 'work', what: 'the cancel is committed', to: committed }];
  return [
    { kind: 'request', what: 'a cancel is answered, its commit to follow', to: { ...state, isCancelAnswered: 1 } },
  ];
}

const withStart = (state: StartState, revision: number, startsAt: number): StartState =>
  revision === 2 ? { ...state, secondStart: startsAt } : { ...state, thirdStart: startsAt };

/** What becomes of the worker that asks for a claim. */
export interface Claiming {
  readonly what: string;
  readonly doing: number;
  readonly state: StartState;
}

/** The claim's outcomes for a worker that was woken for `revision`. */
export function claims(state: StartState, revision: number, protocol: Protocol): Claiming[] {
  const who = `a worker woken for revision ${revision}`;
  switch (judge(state, revision, protocol)) {
    case 'started':
      if (!protocol.claimsAtOnce) return [{ what: `${who} reads: it may start`, doing: hasRead(revision), state }];
      return [{ what: `${who} starts the batch`, doing: isDone(revision), state: started(state, revision) }];
    case 'missed':
      return [{ what: `${who} marks the start missed`, doing: isDone(revision), state: missed(state) }];
    case 'early':
      // Or it waits, which changes nothing.
      return [{ what: `${who} is early and gives up`, doing: isDone(revision), state }];
    default:
      return [{ what: `${who} finds it stale`, doing: isDone(revision), state }];
  }
}

/** Read-then-write: the write asks nothing any more. */
export const writeAfterRead = (state: StartState, revision: number): Claiming => ({
  what: `a worker that read revision ${revision} writes: the batch is started`,
  doing: isDone(revision),
  state: started(state, revision),
});
