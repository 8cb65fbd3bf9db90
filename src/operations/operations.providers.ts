import { BatchJobsService } from './batch-jobs.service.js';
import { ChangeRunner } from './change.js';
import { ConsistencyService } from './consistency.service.js';
import { ContactsService } from './contacts.service.js';
import { ControlService } from './control.service.js';
import { DeletionService } from './deletion.service.js';
import { EstimatesService } from './estimates.service.js';
import { HealthService } from './health.service.js';
import { LedgerService } from './ledger.service.js';
import { ProgressService } from './progress.service.js';
import { RescheduleService } from './reschedule.service.js';

/** What a host application may ask of batches, as people do over HTTP. */
export const OPERATIONS = [
  BatchJobsService,
  ContactsService,
  ControlService,
  DeletionService,
  HealthService,
  LedgerService,
  ProgressService,
  RescheduleService,
];

/** What operations need, and the operator's. */
export const OPERATIONS_INNER = [ChangeRunner, ConsistencyService, EstimatesService];
