import type { FactoryProvider } from '@nestjs/common';
import { CountUpkeep } from './batch-jobs/count.upkeep.js';
import { RetentionUpkeep } from './batch-jobs/retention.upkeep.js';
import { ReconciliationLoop } from './scheduling/reconciliation.loop.js';
import { TimeRulesWatcher } from './scheduling/time-rules.watcher.js';
import { IdempotencyUpkeep } from './shared/idempotency-upkeep.js';
import { WORKING_PARTS, type WorkingPart } from './shared/working-part.js';
import { BatchStartConsumer } from './calling/batch-start.consumer.js';
import { CallConsumer } from './calling/call.consumer.js';
import { CallSweeper } from './calling/call.sweeper.js';
import { ScheduleSweeper } from './calling/schedule.sweeper.js';

/** Every consumer and loop of a worker: what is not among them is not seen to stop. */
export const WORKER_PARTS: FactoryProvider<readonly WorkingPart[]> = {
  provide: WORKING_PARTS,
  inject: [
    BatchStartConsumer,
    CallConsumer,
    CallSweeper,
    ScheduleSweeper,
    ReconciliationLoop,
    TimeRulesWatcher,
    IdempotencyUpkeep,
    CountUpkeep,
    RetentionUpkeep,
  ],
  useFactory: (
    starts: BatchStartConsumer,
    calls: CallConsumer,
    callSweeper: CallSweeper,
    scheduleSweeper: ScheduleSweeper,
    reconciliation: ReconciliationLoop,
    timeRules: TimeRulesWatcher,
    upkeep: IdempotencyUpkeep,
    counts: CountUpkeep,
    retention: RetentionUpkeep,
  ) => [
    starts.consumer,
    calls.consumer,
    callSweeper.sweeping,
    scheduleSweeper.sweeping,
    reconciliation.reconciling,
    timeRules.watching,
    upkeep.forgetting,
    counts.folding,
    retention.pruning,
  ],
};
