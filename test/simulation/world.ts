import type { ProcessCallbackFunction, Queue } from 'bull';
import type { Scheduler } from 'fast-check';
import type { BatchJobsRepository } from '../../src/batch-jobs/batch-jobs.repository.js';
import type { ListRepository } from '../../src/batch-jobs/list.repository.js';
import type { ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import { BatchRunner } from '../../src/calling/batch.runner.js';
import { BatchStartConsumer } from '../../src/calling/batch-start.consumer.js';
import { ScheduleSweeper } from '../../src/calling/schedule.sweeper.js';
import { BatchJobsService } from '../../src/operations/batch-jobs.service.js';
import { ChangeRunner } from '../../src/operations/change.js';
import type { JobData } from '../../src/queue/queues.js';
import { RescheduleService } from '../../src/operations/reschedule.service.js';
import { ScheduleReconciler } from '../../src/scheduling/schedule.reconciler.js';
import type { EstimatesService } from '../../src/operations/estimates.service.js';
import { ScheduleResolver } from '../../src/scheduling/schedule.resolver.js';
import { SchedulerGateway } from '../../src/queue/scheduler.gateway.js';
import { Metrics } from '../../src/shared/metrics.js';
import { TimezoneService } from '../../src/scheduling/timezone.service.js';
import { withDefaults } from '../../src/shared/settings.js';
import { NO_DISPATCH } from '../support/no-calls.js';
import { InMemoryJobs, InMemorySchedules, type Guards } from './in-memory-schedules.js';
import { SimulatedDatabase } from './simulated-database.js';
import { SimulatedProcess } from './simulated-process.js';
import { SimulatedRedis } from './simulated-queue.js';
import { simulatedTime } from './simulated-time.js';

type Handler = ProcessCallbackFunction<JobData<'batch-start', 'start'>>;

// The simulated services reach no server: what is missing here is asked by none of them.
const SETTINGS = withDefaults({ databaseUrl: '', redisUrl: '', apiKeyPepper: '' });

const NUMBERS = {
  find: async (_organization: string, id: string) => ({
    id,
    phoneNumber: null,
    outboundAgentId: 'agent',
    isTextOnly: false,
  }),
};
const NO_LISTS = {} as ListRepository;
const NO_ESTIMATES = { ofNew: async () => ({ minutes: 0, dollars: 0 }) } as unknown as EstimatesService;
const CREDITS = { check: async () => ({ isEnough: true, availableDollars: 1 }) };

/** One machine with everything that either role of the product runs, put together as its modules do. */
export interface Machine {
  readonly process: SimulatedProcess;
  readonly batchJobs: BatchJobsService;
  readonly rescheduling: RescheduleService;
  readonly sweeper: ScheduleSweeper;
  readonly reconciler: ScheduleReconciler;
  /** What the consumer does with a queue job. */
  readonly wake: Handler;
}

/** Two servers and any number of machines, all of which can be away, die, or have another time. */
export class World {
  readonly database = new SimulatedDatabase(() => simulatedTime.nowMs);
  readonly redis = new SimulatedRedis();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly guards: Guards,
  ) {}

  machine(name: string, skewMs: number): Machine {
    const process = new SimulatedProcess(name, this.scheduler, skewMs);
    const { clock, call } = process;
    const schedules = new InMemorySchedules(this.database, call, this.guards) as unknown as ScheduleRepository;
    const jobs = new InMemoryJobs(this.database, call) as unknown as BatchJobsRepository;
    const gateway = new SchedulerGateway(this.redis.producer(call), clock);
    const changes = new ChangeRunner(gateway);
    const resolver = new ScheduleResolver(new TimezoneService(), clock, SETTINGS);
    const metrics = new Metrics();
    const runner = new BatchRunner(schedules, NO_DISPATCH, metrics, SETTINGS);
    return {
      process,
      batchJobs: new BatchJobsService(
        changes,
        jobs,
        NO_LISTS,
        schedules,
        resolver,
        gateway,
        NO_DISPATCH,
        NUMBERS,
        CREDITS,
        clock,
        metrics,
        NO_ESTIMATES,
      ),
      rescheduling: new RescheduleService(changes, resolver, schedules),
      sweeper: new ScheduleSweeper(schedules, runner),
      reconciler: new ScheduleReconciler(schedules, gateway, clock, metrics),
      wake: handlerOf(runner, metrics),
    };
  }
}

/** What the consumer registers with Bull. */
function handlerOf(runner: BatchRunner, metrics: Metrics): Handler {
  const handlers: Handler[] = [];
  const queue = {
    on: () => queue,
    getNextJob: () => undefined,
    eclient: { subscribe: () => undefined },
    process: (_name: string, _concurrency: number, handler: Handler) => {
      handlers.push(handler);
      return new Promise<never>(() => undefined);
    },
  };
  new BatchStartConsumer(() => queue as unknown as Queue, runner, metrics).onApplicationBootstrap();
  return handlers[0];
}
