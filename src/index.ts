/** The front door: everything a host application may import, and nothing else. */
export { BatchJobsModule } from './batch-jobs.module.js';
export type { BatchJobsOptions, BatchJobsShape } from './batch-jobs.options.js';
export { ApiKeysService, type NewKey, type ShownKey } from './access/api-keys.service.js';
export { OrganizationsService, type NewPhoneNumber } from './access/organizations.service.js';
export { SCOPES, type Scope } from './access/scopes.js';
export { BatchJobsService, type CreateBatchJob } from './operations/batch-jobs.service.js';
export {
  ContactsService,
  type ContactExport,
  type ContactsPage,
  type ExportFilter,
} from './operations/contacts.service.js';
export { DeletionService } from './operations/deletion.service.js';
export { ProgressService, type ProgressNews } from './operations/progress.service.js';
export { LedgerService, type HistoryPage, type StartReceipt } from './operations/ledger.service.js';
export { HEALTH_PROBLEMS, HealthService, type Health, type HealthProblem } from './operations/health.service.js';
export { RescheduleService, type Rescheduled } from './operations/reschedule.service.js';
export { SchedulePreviewService, type SchedulePreview } from './scheduling/schedule-preview.service.js';
export { TimezoneService, type ZoneAt } from './scheduling/timezone.service.js';
export { ZoneListService, type ZoneDataVersions, type ZoneList } from './scheduling/zone-list.service.js';
export {
  DEFAULT_CONTACT_LIST_LIMITS,
  readContactArray,
  readContactCsv,
  type ContactBlock,
  type ContactList,
  type ContactListLimits,
  type ContactListReport,
  type CountryCode,
  type CsvReading,
  type NewContact,
} from './batch-jobs/contact-list.js';
export type { Disambiguation, ResolvedSchedule, Schedule } from './batch-jobs/schedule.js';
export { CallOutcomes, type RecordedCall } from './calling/call-outcomes.js';
export { ControlService } from './operations/control.service.js';
export type { ChangedJob } from './operations/change.js';
export {
  Dialer,
  DialerRefusal,
  WITHDRAWN,
  type AcceptedCall,
  type CallLookUp,
  type OutboundCall,
  type Permission,
  type PlacedCall,
  type RefusalReason,
  type UnsettledCall,
  type WithdrawnCall,
} from './calling/dialer.js';
export { HttpDialer, type HttpDialerOptions } from './calling/dialers/http.dialer.js';
export { SimulatedDialer } from './calling/dialers/simulated.dialer.js';
export { TwilioDialer, type TwilioDialerOptions } from './calling/dialers/twilio.dialer.js';
export { CALL_OUTCOMES, callEnd, type CallEnd, type CallOutcome } from './batch-jobs/call.outcome.js';
export { callSnooze, SNOOZE_REASONS, type CallSnooze, type SnoozeReason } from './batch-jobs/call.snooze.js';
export { RETRYABLE_STATUSES, type RetryableStatus } from './batch-jobs/contact.status.js';
export { runMigrations } from './database/data-source.js';
export type { ChangeTerms } from './batch-jobs/change-terms.js';
export type { IdempotentRequest } from './shared/idempotent-request.js';
export type { Caller } from './shared/caller.js';
export { Metrics } from './shared/metrics.js';
export { ExactNumber, parseExactly, stringifyExactly } from './shared/exact-json.js';
export { DomainError, type ErrorCode } from './shared/domain-error.js';
export { CreditCheck, OutboundNumbers, type CreditStatement, type OutboundNumber } from './shared/platform.js';
