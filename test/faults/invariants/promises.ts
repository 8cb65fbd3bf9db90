import type { Answer, BatchLedger, BatchRecord, Evidence, RequestRecord, Verb } from '../evidence.js';

/** What was acknowledged must be what the ledgers say, for ever after. */
export function promiseViolations(batch: BatchRecord, ledger: BatchLedger | undefined, evidence: Evidence): string[] {
  if (!ledger) return acknowledged(batch).length > 0 ? [`${batch.name}: acknowledged, and not in the database`] : [];
  return [
    ...schedulesAreKept(batch, ledger),
    ...newestScheduleStarts(batch, ledger, evidence),
    ...cancelsHold(batch, ledger),
    ...startsHappened(batch, ledger),
  ].map((violation) => `${ledger.id} (${batch.name}): ${violation}`);
}

type Acknowledged = RequestRecord & { readonly answer: Answer };

const acknowledged = ({ requests }: BatchRecord, ...verbs: readonly Verb[]): Acknowledged[] =>
  requests.filter(
    (request): request is Acknowledged =>
      request.answer?.status === 200 && (verbs.length === 0 || verbs.includes(request.verb)),
  );

/** Acknowledged schedules, the newest last. */
const schedules = (batch: BatchRecord): (Answer & { revision: number; startsAt: number })[] =>
  acknowledged(batch, 'create', 'reschedule')
    .flatMap(({ answer }) => {
      const { revision, startsAt } = answer;
      return revision === null || startsAt === null ? [] : { ...answer, revision, startsAt };
    })
    .toSorted((a, b) => a.revision - b.revision);

function* schedulesAreKept(batch: BatchRecord, ledger: BatchLedger) {
  const told = schedules(batch);
  for (const [at, { revision, startsAt }] of told.entries()) {
    if (told[at - 1]?.revision === revision) yield `revision ${revision} was acknowledged twice`;
    const written = ledger.history.filter(({ action, after }) => {
      const isSchedule = action === 'created' || action === 'rescheduled';
      return isSchedule && after.scheduleRevision === revision;
    });
    const times = written.map(({ after }) => Date.parse(after.startsAt ?? ''));
    if (times.length !== 1 || times[0] !== startsAt)
      yield `revision ${revision} was acknowledged for ${startsAt}, and is written for ${times.join(' and ') || 'nothing'}`;
  }
}

function* newestScheduleStarts(batch: BatchRecord, { id, starts }: BatchLedger, { backdated }: Evidence) {
  const newest = schedules(batch).at(-1);
  if (!newest) return;
  for (const { trigger, revision, startedAt } of starts) {
    if (revision < newest.revision)
      yield `revision ${revision} was started, although revision ${newest.revision} was acknowledged`;
    const isTimed = trigger !== 'request' && !backdated.has(id);
    if (isTimed && revision === newest.revision && startedAt < newest.startsAt)
      yield `started ${newest.startsAt - startedAt} ms before the acknowledged time`;
  }
}

function* cancelsHold(batch: BatchRecord, { status, starts }: BatchLedger) {
  for (const { answer } of acknowledged(batch, 'cancel')) {
    if (status !== 'cancelled') yield `its cancel was acknowledged, and it is ${status}`;
    for (const { startedAt } of starts) {
      if (startedAt > answer.at) yield `started ${startedAt - answer.at} ms after its cancel was acknowledged`;
    }
  }
}

function* startsHappened(batch: BatchRecord, { starts }: BatchLedger) {
  const told = acknowledged(batch, 'start');
  if (told.length > 1) yield `its start was acknowledged ${told.length} times`;
  if (told.length > 0 && starts[0]?.trigger !== 'request')
    yield `its start was acknowledged, and the ledger says ${starts[0]?.trigger ?? 'nothing'}`;
}
