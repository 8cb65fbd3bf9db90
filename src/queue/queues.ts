import { getQueueToken } from '@nestjs/bull';
import type { FactoryProvider } from '@nestjs/common';
import Bull, { type AdvancedSettings, type Queue } from 'bull';
import type { Redis } from 'ioredis';
import type { ClaimedCall } from '../batch-jobs/calls.statements.js';
import { connectCaller, connectWorker, type RedisConnection } from '../shared/redis.js';
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

/**
 * A queue object whose connections are our own. Bull knows of those only that it made itself, and would neither list nor
 * close others, nor has it a word for a cluster.
 */
function openQueue(
  name: keyof QueueCatalog,
  connect: (settings: Settings) => RedisConnection,
  settings: Settings,
  advanced?: AdvancedSettings,
): Queue {
  const connections: RedisConnection[] = [];
  const createClient = (): Redis => {
    const connection = connect(settings);
    connections.push(connection);
    // Whatever Bull asks of one server, a cluster does as well.
    return connection as Redis;
  };
  const queue = new Bull(name, { prefix: settings.redisKeyPrefix, createClient, settings: advanced });
  return Object.assign(queue, { clients: connections as Redis[] });
}

const PRODUCERS = { [BATCH_START_PRODUCER]: 'batch-start', [BATCH_CALL_PRODUCER]: 'batch-call' } as const;

/** Closed with the application. */
const producerProvider = ([token, queue]: [string, keyof QueueCatalog]): FactoryProvider<Queue> => ({
  provide: getQueueToken(token),
  inject: [SETTINGS],
  useFactory: (settings: Settings) => {
    const producer = openQueue(queue, connectCaller, settings);
    return Object.assign(producer, { onApplicationShutdown: () => producer.close() });
  },
});

/** The producers, for every process. */
export const PRODUCER_QUEUES: readonly FactoryProvider<Queue>[] = Object.entries(PRODUCERS).map(producerProvider);

/** Makes a queue object with connections of its own, to be closed by who asked for it. */
export type QueueFactory<T> = () => Queue<T>;

// A job whose lock was lost to a hiccup may be taken up again ten times: its work is one idempotent claim.
const CONSUMER: AdvancedSettings = { stalledInterval: 10_000, maxStalledCount: 10 };

const consumerProvider = (token: string, queue: keyof QueueCatalog): FactoryProvider<QueueFactory<unknown>> => ({
  provide: token,
  inject: [SETTINGS],
  useFactory: (settings: Settings) => () => openQueue(queue, connectWorker, settings, CONSUMER),
});

/** The factories of a process that consumes. Another opens no blocking connection. */
export const CONSUMER_QUEUES = [
  consumerProvider(BATCH_START_CONSUMER, 'batch-start'),
  consumerProvider(BATCH_CALL_CONSUMER, 'batch-call'),
];
