import type { BatchLedger, Evidence, HistoryLedger } from '../evidence.js';

const STARTED = ['running', 'paused', 'completed'];

/** What the tables must say of one batch, whoever asked for it. */
export const ledgerViolations = (ledger: BatchLedger, evidence: Evidence): string[] =>
  [
    ...oneStart(ledger),
    ...startedAsItSays(ledger),
    ...neverEarly(ledger, evidence),
    ...revisionsOnlyGrow(ledger),
    ...oneLife(ledger),
    ...endsInTime(ledger, evidence),
    ...missedOnlyWhenLate(ledger, evidence),
  ].map((violation) => `${ledger.id} (${ledger.name}): ${violation}`);

const iso = (at: number | null): string => (at === null ? 'never' : new Date(at).toISOString());

const withAction = ({ history }: BatchLedger, action: string): HistoryLedger[] =>
  history.filter((change) => change.action === action);

function* oneStart(ledger: BatchLedger) {
  const [rows, changes] = [ledger.starts.length, withAction(ledger, 'started').length];
  if (rows > 1) yield `started ${rows} times`;
  if (changes !== rows) yield `the history tells of ${changes} starts, the start ledger of ${rows}`;
}

/** `running` ⇔ a start row; a batch that was cancelled shows by `started_at` whether it had begun. */
function* startedAsItSays({ status, startedAt, starts }: BatchLedger) {
  const hasBegun = STARTED.includes(status) || (status === 'cancelled' && startedAt !== null);
  if (hasBegun && starts.length === 0) yield `is ${status}, without a start row`;
  if (!hasBegun && starts.length > 0) yield `is ${status}, with a start row`;
  if (starts[0] && startedAt !== null && starts[0].startedAt !== startedAt)
    yield `started at ${iso(startedAt)} by its row, at ${iso(starts[0].startedAt)} by the ledger`;
}

/** By the row as it was planned, and by the schedule that the history says was in force. */
function* neverEarly(ledger: BatchLedger, { backdated }: Evidence) {
  for (const { trigger, revision, plannedAt, startedAt } of ledger.starts) {
    const due = backdated.get(ledger.id)?.startsAt ?? scheduledFor(ledger, revision);
    if (trigger === 'request') continue;
    if (due === null) yield `revision ${revision} was started, which never was in force`;
    else if (startedAt < due) yield `started ${due - startedAt} ms before its time ${iso(due)}, by ${trigger}`;
    if (plannedAt !== due) yield `planned for ${iso(plannedAt)} by the ledger, for ${iso(due)} by the history`;
  }
}

/** The start that a revision was given. */
const scheduledFor = ({ history }: BatchLedger, revision: number): number | null => {
  const set = history.find(({ action, after }) => action !== 'started' && after.scheduleRevision === revision);
  return set?.after.startsAt ? Date.parse(set.after.startsAt) : null;
};

function* revisionsOnlyGrow({ revision, history }: BatchLedger) {
  for (const { action, before, after } of history) {
    const grown = after.scheduleRevision - (before?.scheduleRevision ?? after.scheduleRevision);
    if (grown !== (action === 'rescheduled' ? 1 : 0))
      yield `${action} took the revision from ${before?.scheduleRevision} to ${after.scheduleRevision}`;
  }
  const last = history.at(-1)?.after.scheduleRevision;
  if (last !== revision) yield `is at revision ${revision}, the last change was of revision ${last}`;
}

/** Each change begins where the one before ended, and nothing follows an end. */
function* oneLife({ status, history }: BatchLedger) {
  if (history[0]?.action !== 'created') yield `its history begins with ${history[0]?.action ?? 'nothing'}`;
  for (const [at, { before }] of history.entries()) {
    const previous = history[at - 1]?.after;
    if (before?.status !== previous?.status || before?.scheduleRevision !== previous?.scheduleRevision)
      yield `change ${at + 1} does not begin where change ${at} ended`;
  }
  const last = history.at(-1)?.after.status;
  if (last !== status) yield `is ${status}, and was left ${last} by its last change`;
  const end = history.findIndex(({ action }) => ['cancelled', 'missed'].includes(action));
  if (end !== -1 && end < history.length - 1) yield `${history[end + 1].action} after it was ${history[end].action}`;
}

/** When the batch must have left `scheduled` at the latest. */
const deadlineOf = (due: number, { outages, boundMs }: Evidence): number => {
  let deadline = due + boundMs;
  for (const { from, to } of outages) if (from <= deadline && to >= due) deadline = Math.max(deadline, to + boundMs);
  return deadline;
};

function* endsInTime(ledger: BatchLedger, evidence: Evidence) {
  const { id, status, startsAt: due, revision } = ledger;
  if (due === null) return;
  // What was moved into the past could not be started before.
  const deadline = deadlineOf(evidence.backdated.get(id)?.movedAt ?? due, evidence);
  if (status === 'scheduled' && evidence.takenAt > deadline)
    yield `revision ${revision}, due ${iso(due)}, is still scheduled ${evidence.takenAt - due} ms later`;
  for (const { trigger, startedAt } of ledger.starts) {
    if (trigger !== 'request' && startedAt > deadline)
      yield `started ${startedAt - due} ms late by ${trigger}, ${startedAt - deadline} ms over the bound`;
  }
}

function* missedOnlyWhenLate(ledger: BatchLedger, { backdated, maxLateMs }: Evidence) {
  const { id, status, startsAt, completedAt, failureReason, starts } = ledger;
  const due = backdated.get(id)?.startsAt ?? startsAt ?? 0;
  if (status === 'failed' && failureReason !== 'start_window_missed') yield `failed of ${failureReason}`;
  if (status === 'failed' && (completedAt ?? 0) - due <= maxLateMs)
    yield `missed only ${(completedAt ?? 0) - due} ms after its time`;
  for (const { trigger, startedAt } of starts) {
    if (trigger !== 'request' && startedAt - due > maxLateMs)
      yield `started ${startedAt - due} ms late: too late to start`;
  }
}
