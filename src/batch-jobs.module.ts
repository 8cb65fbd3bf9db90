import {
  Inject,
  Module,
  RequestMethod,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type Provider,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKeysService } from './access/api-keys.service.js';
import { OrganizationsService } from './access/organizations.service.js';
import { EventStreamLimit, UploadLimit } from './access/at-once.limit.js';
import { NoCreditCheck } from './access/no-credit-check.js';
import { RateLimiter } from './access/rate-limiter.js';
import { StoredOutboundNumbers } from './access/stored-outbound-numbers.js';
import { AdminController } from './api/admin/admin.controller.js';
import { ApiKeyMiddleware } from './api/http/api-key.middleware.js';
import { BodyMiddleware, ShortBodyMiddleware } from './api/http/body.middleware.js';
import { BatchJobsController } from './api/batches/batch-jobs.controller.js';
import { CallsController } from './api/calls/calls.controller.js';
import { ROUTE_OF_LISTS } from './api/contact-lists/contact-list.interceptor.js';
import { ContactsController } from './api/contacts/contacts.controller.js';
import { ContactsReader } from './api/contacts/contacts.reader.js';
import { ControlController } from './api/batches/control.controller.js';
import { FormPassThrough } from './api/http/form-pass-through.js';
import { HistoryReader } from './api/ledger/history.reader.js';
import { LedgerController } from './api/ledger/ledger.controller.js';
import { noStore } from './api/http/no-store.js';
import { ListReader } from './api/batches/list.reader.js';
import { ProgressController } from './api/progress/progress.controller.js';
import { ProgressReader } from './api/progress/progress.reader.js';
import { RequestIdMiddleware } from './api/http/request-id.js';
import { SchedulePreviewController } from './api/reschedule/schedule-preview.controller.js';
import { TwilioCallbackController } from './api/calls/twilio-callback.controller.js';
import { TwilioCallbackMiddleware } from './api/calls/twilio-callback.middleware.js';
import {
  BATCH_JOBS_OPTIONS,
  BatchJobsOptionsModuleClass,
  type ASYNC_OPTIONS_TYPE,
  type BatchJobsOptions,
  type BatchJobsShape,
  type OPTIONS_TYPE,
} from './batch-jobs.options.js';
import { BacklogRepository } from './batch-jobs/backlog.repository.js';
import { BatchJobChanges } from './batch-jobs/batch-job.changes.js';
import { BatchJobsRepository } from './batch-jobs/batch-jobs.repository.js';
import { CallsRepository } from './batch-jobs/calls.repository.js';
import { ControlRepository } from './batch-jobs/control.repository.js';
import { DeletionRepository } from './batch-jobs/deletion.repository.js';
import { EstimateRepository } from './batch-jobs/estimate.repository.js';
import { ExportRepository } from './batch-jobs/export.repository.js';
import { LedgerRepository } from './batch-jobs/ledger.repository.js';
import { ProgressRepository } from './batch-jobs/progress.repository.js';
import { ScheduleRepository } from './batch-jobs/schedule.repository.js';
import { SetbacksRepository } from './batch-jobs/setbacks.repository.js';
import { TimeRulesRepository } from './batch-jobs/time-rules.repository.js';
import { CallConsumer } from './calling/call.consumer.js';
import { CallLanes } from './calling/call.lanes.js';
import { CallLookUps } from './calling/call.look-ups.js';
import { CallOutcomes } from './calling/call-outcomes.js';
import { CallSetbacks } from './calling/call-setbacks.js';
import { CallRunner } from './calling/call.runner.js';
import { CallSweeper } from './calling/call.sweeper.js';
import { Dialer } from './calling/dialer.js';
import { ControlService } from './operations/control.service.js';
import { Dispatcher } from './calling/dispatcher.js';
import { Heartbeat } from './calling/heartbeat.js';
import { BatchRunner } from './calling/batch.runner.js';
import { BatchStartConsumer } from './calling/batch-start.consumer.js';
import { ScheduleSweeper } from './calling/schedule.sweeper.js';
import { TwilioCallbacks } from './calling/twilio-callbacks.js';
import { WORKER_PARTS } from './worker-parts.js';
import { dataSourceOptions } from './database/data-source.js';
import { BatchJobsService } from './operations/batch-jobs.service.js';
import { ChangeRunner } from './operations/change.js';
import { CallsGateway } from './queue/calls.gateway.js';
import { ConsistencyService } from './operations/consistency.service.js';
import { ContactsService } from './operations/contacts.service.js';
import { DeletionService } from './operations/deletion.service.js';
import { EstimatesService } from './operations/estimates.service.js';
import { HealthService } from './operations/health.service.js';
import { LedgerService } from './operations/ledger.service.js';
import { ProgressService } from './operations/progress.service.js';
import { CONSUMER_QUEUES, producerModules } from './queue/queues.js';
import { ReconciliationLoop } from './scheduling/reconciliation.loop.js';
import { RescheduleService } from './operations/reschedule.service.js';
import { SchedulePreviewService } from './scheduling/schedule-preview.service.js';
import { ScheduleReconciler } from './scheduling/schedule.reconciler.js';
import { ScheduleResolver } from './scheduling/schedule.resolver.js';
import { SchedulerGateway } from './queue/scheduler.gateway.js';
import { TimeRulesWatcher } from './scheduling/time-rules.watcher.js';
import { TimezoneService } from './scheduling/timezone.service.js';
import { ZoneListService } from './scheduling/zone-list.service.js';
import { ZONE_RULES, ZoneRules } from './scheduling/zone-rules.js';
import { Clock } from './shared/clock.js';
import { Database, DATA_SOURCE_NAME } from './shared/database.js';
import { Heartbeats } from './shared/heartbeats.js';
import { IdempotencyUpkeep } from './shared/idempotency-upkeep.js';
import { Idempotency } from './shared/idempotency.js';
import { Metrics } from './shared/metrics.js';
import { CreditCheck, DIALER_NAME, OutboundNumbers } from './shared/platform.js';
import { SETTINGS, withDefaults, type Settings } from './shared/settings.js';

const CORE: Provider[] = [
  ApiKeysService,
  BacklogRepository,
  BatchJobChanges,
  BatchJobsRepository,
  BatchJobsService,
  CallOutcomes,
  CallSetbacks,
  CallsGateway,
  CallsRepository,
  ChangeRunner,
  Clock,
  ConsistencyService,
  ContactsService,
  ControlRepository,
  ControlService,
  Database,
  DeletionRepository,
  DeletionService,
  Dispatcher,
  EstimateRepository,
  EstimatesService,
  ExportRepository,
  HealthService,
  Heartbeats,
  Idempotency,
  LedgerRepository,
  LedgerService,
  Metrics,
  OrganizationsService,
  ProgressRepository,
  ProgressService,
  RescheduleService,
  SchedulePreviewService,
  ScheduleReconciler,
  ScheduleRepository,
  ScheduleResolver,
  SchedulerGateway,
  SetbacksRepository,
  TimezoneService,
  ZoneListService,
  { provide: ZoneRules, useValue: ZONE_RULES },
  {
    provide: DIALER_NAME,
    inject: [{ token: Dialer, optional: true }],
    useFactory: (dialer?: Dialer): string | null => dialer?.name ?? null,
  },
];

const HTTP: Provider[] = [
  ContactsReader,
  EventStreamLimit,
  FormPassThrough,
  HistoryReader,
  ListReader,
  ProgressReader,
  RateLimiter,
  TwilioCallbacks,
  UploadLimit,
];

const CONSUMERS: Provider[] = [
  ...CONSUMER_QUEUES,
  BatchRunner,
  BatchStartConsumer,
  CallConsumer,
  CallLanes,
  CallLookUps,
  CallRunner,
  CallSweeper,
  Heartbeat,
  IdempotencyUpkeep,
  ReconciliationLoop,
  ScheduleSweeper,
  TimeRulesRepository,
  TimeRulesWatcher,
  WORKER_PARTS,
];

/** The controllers behind a key: all but that of Twilio's callbacks, which are signed. */
const CONTROLLERS = [
  AdminController,
  BatchJobsController,
  CallsController,
  ContactsController,
  ControlController,
  LedgerController,
  ProgressController,
  SchedulePreviewController,
];

/** What a host application may inject. */
const EXPORTS = [
  ApiKeysService,
  BatchJobsService,
  CallOutcomes,
  ContactsService,
  ControlService,
  DeletionService,
  HealthService,
  LedgerService,
  Metrics,
  OrganizationsService,
  ProgressService,
  RescheduleService,
  SchedulePreviewService,
  TimezoneService,
  ZoneListService,
];

const NO_DIALER =
  'BatchJobsModule has nothing to place calls with. Pass `dialer`, a provider for `Dialer`, where `consumeQueues` is true.';

const MOUNTS_HTTP = Symbol('batch-jobs mounts http');

/** The settings, with their defaults, for every module below that is put together with them. */
@Module({
  providers: [
    {
      provide: SETTINGS,
      inject: [BATCH_JOBS_OPTIONS],
      useFactory: (options: BatchJobsOptions): Settings => withDefaults(options),
    },
  ],
  exports: [SETTINGS],
})
class SettingsModule extends BatchJobsOptionsModuleClass {}

const databaseModule = (settingsModule: DynamicModule): DynamicModule =>
  TypeOrmModule.forRootAsync({
    name: DATA_SOURCE_NAME,
    imports: [settingsModule],
    inject: [SETTINGS],
    useFactory: ({ databaseUrl, databasePoolSize }: Settings) => dataSourceOptions(databaseUrl, databasePoolSize),
  });

/**
 * Batch jobs for a Nest application: routes, services and, in a worker, the consumers that start them.
 *
 * The module keeps to its own corner: a named TypeORM connection, queues with a prefix of its own, no global pipe,
 * filter or guard. Migrations are not applied here (`npm run migration:run`).
 */
@Module({})
export class BatchJobsModule implements NestModule {
  constructor(@Inject(MOUNTS_HTTP) private readonly mountsHttp: boolean) {}

  static forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return this.assemble(SettingsModule.forRoot(options), options);
  }

  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return this.assemble(SettingsModule.forRootAsync(options), options);
  }

  configure(consumer: MiddlewareConsumer): void {
    if (!this.mountsHttp) return;
    consumer.apply(RequestIdMiddleware, noStore, ApiKeyMiddleware, BodyMiddleware).forRoutes(...CONTROLLERS);
    consumer
      .apply(ShortBodyMiddleware)
      .exclude({ path: ROUTE_OF_LISTS, method: RequestMethod.POST })
      .forRoutes(...CONTROLLERS);
    consumer
      .apply(RequestIdMiddleware, noStore, TwilioCallbackMiddleware, BodyMiddleware)
      .forRoutes(TwilioCallbackController);
  }

  private static assemble(settingsModule: DynamicModule, shape: BatchJobsShape): DynamicModule {
    const { imports = [], mountHttp = true, consumeQueues = false, dialer } = shape;
    if (consumeQueues && !dialer) throw new Error(NO_DIALER);
    const {
      outboundNumbers = { provide: OutboundNumbers, useClass: StoredOutboundNumbers },
      creditCheck = { provide: CreditCheck, useClass: NoCreditCheck },
    } = shape;
    return {
      module: BatchJobsModule,
      imports: [...imports, settingsModule, databaseModule(settingsModule), ...producerModules(settingsModule)],
      controllers: mountHttp ? [...CONTROLLERS, TwilioCallbackController] : [],
      providers: [
        ...CORE,
        outboundNumbers,
        creditCheck,
        ...(dialer ? [dialer] : []),
        { provide: MOUNTS_HTTP, useValue: mountHttp },
        ...(mountHttp ? HTTP : []),
        ...(consumeQueues ? CONSUMERS : []),
      ],
      exports: EXPORTS,
    };
  }
}
