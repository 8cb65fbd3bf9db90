import {
  Inject,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type Provider,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ACCESS } from './access/access.providers.js';
import { NoCreditCheck } from './access/no-credit-check.js';
import { StoredOutboundNumbers } from './access/stored-outbound-numbers.js';
import { applyMiddleware, CONTROLLERS, HTTP } from './api/api.providers.js';
import {
  BATCH_JOBS_OPTIONS,
  BatchJobsOptionsModuleClass,
  type ASYNC_OPTIONS_TYPE,
  type BatchJobsOptions,
  type BatchJobsShape,
  type OPTIONS_TYPE,
} from './batch-jobs.options.js';
import { REPOSITORIES, UPKEEP } from './batch-jobs/batch-jobs.providers.js';
import { CallOutcomes } from './calling/call-outcomes.js';
import { CALLING, CONSUMERS } from './calling/calling.providers.js';
import { dataSourceOptions } from './database/data-source.js';
import { OPERATIONS, OPERATIONS_INNER } from './operations/operations.providers.js';
import { GATEWAYS } from './queue/queue.providers.js';
import { CONSUMER_QUEUES, producerModules } from './queue/queues.js';
import { SchedulePreviewService } from './scheduling/schedule-preview.service.js';
import { SCHEDULE_LOOPS, SCHEDULING } from './scheduling/scheduling.providers.js';
import { TimezoneService } from './scheduling/timezone.service.js';
import { ZoneListService } from './scheduling/zone-list.service.js';
import { DATA_SOURCE_NAME } from './shared/database.js';
import { IdempotencyUpkeep } from './shared/idempotency-upkeep.js';
import { Metrics } from './shared/metrics.js';
import { CreditCheck, OutboundNumbers } from './shared/platform.js';
import { SETTINGS, withDefaults, type Settings } from './shared/settings.js';
import { FOUNDATION } from './shared/shared.providers.js';
import { WORKER_PARTS } from './worker-parts.js';

/** Every process, from what people ask down to what it stands on. */
const CORE: Provider[] = [
  ...OPERATIONS,
  ...OPERATIONS_INNER,
  ...CALLING,
  ...SCHEDULING,
  ...GATEWAYS,
  ...REPOSITORIES,
  ...ACCESS,
  ...FOUNDATION,
];

/** A process that starts batches and places calls, beside the core. */
const WORKER: Provider[] = [
  ...CONSUMERS,
  ...SCHEDULE_LOOPS,
  ...CONSUMER_QUEUES,
  ...UPKEEP,
  IdempotencyUpkeep,
  WORKER_PARTS,
];

/** What a host application may inject. */
const EXPORTS = [
  ...OPERATIONS,
  ...ACCESS,
  CallOutcomes,
  Metrics,
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
    if (this.mountsHttp) applyMiddleware(consumer);
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
      controllers: mountHttp ? CONTROLLERS : [],
      providers: [
        ...CORE,
        outboundNumbers,
        creditCheck,
        ...(dialer ? [dialer] : []),
        { provide: MOUNTS_HTTP, useValue: mountHttp },
        ...(mountHttp ? HTTP : []),
        ...(consumeQueues ? WORKER : []),
      ],
      exports: EXPORTS,
    };
  }
}
