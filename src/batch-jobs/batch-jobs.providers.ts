import type { Provider } from '@nestjs/common';
import { BacklogRepository } from './backlog.repository.js';
import { BatchJobChanges } from './batch-job.changes.js';
import { BatchJobsRepository } from './batch-jobs.repository.js';
import { CallsRepository } from './calls.repository.js';
import { CountRepository } from './count.repository.js';
import { CountUpkeep } from './count.upkeep.js';
import { ControlRepository } from './control.repository.js';
import { DeletionRepository } from './deletion.repository.js';
import { EstimateRepository } from './estimate.repository.js';
import { ExportRepository } from './export.repository.js';
import { LedgerRepository } from './ledger.repository.js';
import { ListRepository } from './list.repository.js';
import { ProgressRepository } from './progress.repository.js';
import { RetentionRepository } from './retention.repository.js';
import { RetentionUpkeep } from './retention.upkeep.js';
import { ScheduleRepository } from './schedule.repository.js';
import { SetbacksRepository } from './setbacks.repository.js';
import { TimeRulesRepository } from './time-rules.repository.js';

/** What the batches' tables are read and written by. */
export const REPOSITORIES: Provider[] = [
  BacklogRepository,
  BatchJobChanges,
  BatchJobsRepository,
  CallsRepository,
  ControlRepository,
  CountRepository,
  DeletionRepository,
  EstimateRepository,
  ExportRepository,
  LedgerRepository,
  ListRepository,
  ProgressRepository,
  RetentionRepository,
  ScheduleRepository,
  SetbacksRepository,
  TimeRulesRepository,
];

/** What keeps them small and fast to read, in a worker. */
export const UPKEEP: Provider[] = [CountUpkeep, RetentionUpkeep];
