import type { LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { BatchJobsModule } from '../../src/batch-jobs.module.js';
import { BatchStartConsumer } from '../../src/calling/batch-start.consumer.js';
import { Dialer } from '../../src/calling/dialer.js';
import { TimeRulesRepository } from '../../src/batch-jobs/time-rules.repository.js';
import { Clock } from '../../src/shared/clock.js';
import { eventually } from './eventually.js';
import { NoCalls } from './no-calls.js';
import type { TestApp } from './test-app.js';

interface OtherWorkerOptions {
  /** @default nothing */
  readonly dialer?: Dialer;
  readonly repository?: TimeRulesRepository;
  readonly log: LoggerService;
}

/**
 * A further worker on the database and the Redis of a service, booted as a process of its own would be.
 *
 * It waits for work when this resolves: Bull leaves a connection behind when it is closed before that, which would keep
 * the tests' process.
 */
export async function bootWorker(
  beside: TestApp,
  { repository, dialer = new NoCalls(), log }: OtherWorkerOptions,
): Promise<TestingModule> {
  const builder = Test.createTestingModule({
    imports: [
      BatchJobsModule.forRoot({
        ...beside.settings,
        mountHttp: false,
        consumeQueues: true,
        dialer: { provide: Dialer, useValue: dialer },
      }),
    ],
  })
    .overrideProvider(Clock)
    .useValue(beside.clock)
    .setLogger(log);
  if (repository) builder.overrideProvider(TimeRulesRepository).useValue(repository);
  const worker = await builder.compile();
  await worker.init();
  const { consumer } = worker.get(BatchStartConsumer, { strict: false });
  await eventually(() => {
    if (!consumer.isWaiting) throw new Error('the worker does not wait for work yet');
  });
  return worker;
}
