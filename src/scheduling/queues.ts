import { BullModule } from '@nestjs/bull';
import type { DynamicModule } from '@nestjs/common';
import type { QueueOptions } from 'bull';
import type { ClaimedCall } from '../batch-jobs/calls.statements.js';
import { callerConnection, workerConnection } from '../shared/redis.js';
import { SETTINGS, type Settings } from '../shared/settings.js';

/** Names and payloads of every queue, in one type. */
export interface QueueCatalog {
  'batch-start': { start: { batchJobId: string; revision: number } };
  'batch-call': { place: ClaimedCall; dispatch: { organizationId: string } };
}
export type JobData<Q extends keyof QueueCatalog, J extends keyof QueueCatalog[Q]> = QueueCatalog[Q][J];

/** Injection names of the two ends of a queue. They differ in their connections, not in the queue. */
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

interface QueueEnd {
  readonly token: string;
  readonly queue: keyof QueueCatalog;
  readonly options: (settings: Settings) => QueueOptions;
}

const PRODUCERS: readonly QueueEnd[] = [
  { token: BATCH_START_PRODUCER, queue: 'batch-start', options: producer },
  { token: BATCH_CALL_PRODUCER, queue: 'batch-call', options: producer },
];

const CONSUMERS: readonly QueueEnd[] = [
  { token: BATCH_START_CONSUMER, queue: 'batch-start', options: consumer },
  { token: BATCH_CALL_CONSUMER, queue: 'batch-call', options: consumer },
];

/** The queues as Nest modules. A process that does not consume opens no blocking connection. */
export const queueModules = (settingsModule: DynamicModule, consumeQueues: boolean): DynamicModule[] =>
  [...PRODUCERS, ...(consumeQueues ? CONSUMERS : [])].map(({ token, queue, options }) =>
    BullModule.registerQueueAsync({
      name: token,
      imports: [settingsModule],
      inject: [SETTINGS],
      useFactory: (settings: Settings) => ({ name: queue, ...options(settings) }),
    }),
  );
