import { BullModule } from '@nestjs/bull';
import type { DynamicModule, FactoryProvider } from '@nestjs/common';
import Bull, { type Queue, type QueueOptions } from 'bull';
import type { ClaimedCall } from '../batch-jobs/calls.statements.js';
import { callerConnection, workerConnection } from '../shared/redis.js';
import { SETTINGS, type Settings } from '../shared/settings.js';

/** Names and payloads of every queue, in one type. */
interface QueueCatalog {
  'batch-start': { start: { batchJobId: string; revision: number } };
  'batch-call': { place: ClaimedCall; dispatch: { organizationId: string } };
}
export type JobData<Q extends keyof QueueCatalog, J extends keyof QueueCatalog[Q]> = QueueCatalog[Q][J];

/**
 * Injection names of the two ends of a queue. They differ in their connections, not in the queue. A producer is a queue
 * object; for consumers one is made when it is needed (`QueueFactory`), as one that fails has to be replaced.
 */
export const BATCH_START_PRODUCER = 'batch-start-producer';
export const BATCH_START_CONSUMER = 'batch-start-consumer';
export const BATCH_CALL_PRODUCER = 'batch-call-producer';
export const BATCH_CALL_CONSUMER = 'batch-call-consumer';

const producer = ({ redisUrl, redisKeyPrefix }: Settings): QueueOptions => ({
  prefix: redisKeyPrefix,
  redis: callerConnection(redisUrl),
});

/** A job whose lock was lost to a hiccup may be taken up again ten times: its work is one idempotent claim. */
const consumer = ({ redisUrl, redisKeyPrefix }: Settings): QueueOptions => ({
  prefix: redisKeyPrefix,
  redis: workerConnection(redisUrl),
  settings: { stalledInterval: 10_000, maxStalledCount: 10 },
});

/** Makes a queue object with connections of its own, to be closed by who asked for it. */
export type QueueFactory<T> = () => Queue<T>;

const PRODUCERS = { [BATCH_START_PRODUCER]: 'batch-start', [BATCH_CALL_PRODUCER]: 'batch-call' } as const;

/** The producers as Nest modules. */
export const producerModules = (settingsModule: DynamicModule): DynamicModule[] =>
  Object.entries(PRODUCERS).map(([token, queue]) =>
    BullModule.registerQueueAsync({
      name: token,
      imports: [settingsModule],
      inject: [SETTINGS],
      useFactory: (settings: Settings) => ({ name: queue, ...producer(settings) }),
    }),
  );

const consumerProvider = (token: string, queue: keyof QueueCatalog): FactoryProvider<QueueFactory<unknown>> => ({
  provide: token,
  inject: [SETTINGS],
  useFactory: (settings: Settings) => () => new Bull(queue, consumer(settings)),
});

/** The factories of a process that consumes. Another opens no blocking connection. */
export const CONSUMER_QUEUES = [
  consumerProvider(BATCH_START_CONSUMER, 'batch-start'),
  consumerProvider(BATCH_CALL_CONSUMER, 'batch-call'),
];
