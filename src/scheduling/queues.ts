import { BullModule } from '@nestjs/bull';
import type { DynamicModule } from '@nestjs/common';
import type { QueueOptions } from 'bull';
import { callerConnection, workerConnection } from '../shared/redis.js';
import { SETTINGS, type Settings } from '../shared/settings.js';

/** Names and payloads of every queue, in one type. */
export interface QueueCatalog {
  'batch-start': { start: { batchJobId: string; revision: number } };
}
export type JobData<Q extends keyof QueueCatalog, J extends keyof QueueCatalog[Q]> = QueueCatalog[Q][J];

const BATCH_START = 'batch-start' satisfies keyof QueueCatalog;

/** Injection names of the two ends of the queue. They differ in their connections, not in the queue. */
export const BATCH_START_PRODUCER = 'batch-start-producer';
export const BATCH_START_CONSUMER = 'batch-start-consumer';

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

const register = (token: string, options: (settings: Settings) => QueueOptions, settingsModule: DynamicModule) =>
  BullModule.registerQueueAsync({
    name: token,
    imports: [settingsModule],
    inject: [SETTINGS],
    useFactory: (settings: Settings) => ({ name: BATCH_START, ...options(settings) }),
  });

/** The queues as Nest modules. A process that does not consume opens no blocking connection. */
export const queueModules = (settingsModule: DynamicModule, consumeQueues: boolean): DynamicModule[] => [
  register(BATCH_START_PRODUCER, producer, settingsModule),
  ...(consumeQueues ? [register(BATCH_START_CONSUMER, consumer, settingsModule)] : []),
];
