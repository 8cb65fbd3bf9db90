import { answerViolations } from './invariants/answers.js';
import { ledgerViolations } from './invariants/ledger.js';
import { processViolations } from './invariants/processes.js';
import { promiseViolations } from './invariants/promises.js';
import { queueViolations } from './invariants/queue.js';
import type { Evidence } from './evidence.js';

/**
 * What must hold after every fault, whatever it was: the promises of the README against the ledgers.
 *
 * @returns each violation in words; none in a correct service
 */
export function violationsOf(evidence: Evidence): string[] {
  const { ledgers, batches } = evidence;
  const byName = new Map(ledgers.map((ledger) => [ledger.name, ledger]));
  return [
    ...ledgers.flatMap((ledger) => ledgerViolations(ledger, evidence)),
    ...batches.flatMap((batch) => promiseViolations(batch, byName.get(batch.name), evidence)),
    ...answerViolations(evidence),
    ...queueViolations(evidence),
    ...processViolations(evidence),
  ];
}
