import type { BatchLedger, Evidence, ProcessRecord } from '../evidence.js';

/** Of a failure that nobody heard, or of a program error: nothing of the kind is a line of the log. */
const FAILURES = /unhandled|uncaught|^\s+at .+:\d+:\d+\)?$|(Type|Reference|Range|Syntax)Error/i;

/** The processes live, log no failure that nobody heard and no secret, and say of a start what the ledger says. */
export function processViolations({ processes, canaries, ledgers }: Evidence): string[] {
  const starts = new Map(ledgers.map((ledger) => [ledger.id, ledger.starts]));
  return processes.flatMap((process) =>
    [...lived(process), ...heard(process), ...discreet(process, canaries), ...truthful(process, starts)].map(
      (violation) => `${process.name}: ${violation}`,
    ),
  );
}

function* lived({ diedWith }: ProcessRecord) {
  if (diedWith !== null) yield `ended by itself: ${diedWith}`;
}

function* heard({ lines }: ProcessRecord) {
  for (const line of lines) if (FAILURES.test(line)) yield `printed ${line.slice(0, 300)}`;
}

function* discreet({ lines }: ProcessRecord, canaries: readonly string[]) {
  for (const canary of canaries) {
    const line = lines.find((text) => text.includes(canary));
    if (line !== undefined) yield `printed the canary ${canary}: ${line.slice(0, 300)}`;
  }
}

/** A stale wake-up that starts the schedule after it would show here: the worker names the revision it was woken for. */
function* truthful({ lines }: ProcessRecord, starts: ReadonlyMap<string, BatchLedger['starts']>) {
  for (const line of lines) {
    if (!line.includes('"msg":"batch started"') || !line.includes('"trigger"')) continue;
    const { batchJobId, revision, trigger } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const ledger = starts.get(String(batchJobId));
    if (ledger && !ledger.some((start) => start.revision === revision && start.trigger === trigger)) {
      const told = ledger.map((start) => `revision ${start.revision} by ${start.trigger}`).join(', ') || 'no start';
      yield `said that revision ${String(revision)} of ${String(batchJobId)} was started by ${String(trigger)}; the ledger says ${told}`;
    }
  }
}
