import type { Provider } from '@nestjs/common';
import { DIALER_NAME } from '../shared/platform.js';
import { BatchRunner } from './batch.runner.js';
import { BatchStartConsumer } from './batch-start.consumer.js';
import { CallConsumer } from './call.consumer.js';
import { CallLanes } from './call.lanes.js';
import { CallLookUps } from './call.look-ups.js';
import { CallOutcomes } from './call-outcomes.js';
import { CallRunner } from './call.runner.js';
import { CallSetbacks } from './call-setbacks.js';
import { CallSweeper } from './call.sweeper.js';
import { DemandGauges } from './demand.gauges.js';
import { Dialer } from './dialer.js';
import { Dispatcher } from './dispatcher.js';
import { Heartbeat } from './heartbeat.js';
import { ScheduleSweeper } from './schedule.sweeper.js';

/** What any process knows of calls: how they ended, and who may be called next. */
export const CALLING: Provider[] = [
  CallOutcomes,
  CallSetbacks,
  Dispatcher,
  {
    provide: DIALER_NAME,
    inject: [{ token: Dialer, optional: true }],
    useFactory: (dialer?: Dialer): string | null => dialer?.name ?? null,
  },
];

/** What starts batches and places calls, in a worker. */
export const CONSUMERS: Provider[] = [
  BatchRunner,
  BatchStartConsumer,
  CallConsumer,
  CallLanes,
  CallLookUps,
  CallRunner,
  CallSweeper,
  DemandGauges,
  Heartbeat,
  ScheduleSweeper,
];
