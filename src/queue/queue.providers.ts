import type { Provider } from '@nestjs/common';
import { CallsGateway } from './calls.gateway.js';
import { PRODUCER_QUEUES } from './queues.js';
import { SchedulerGateway } from './scheduler.gateway.js';

/** What any process tells the workers by. */
export const GATEWAYS: Provider[] = [CallsGateway, SchedulerGateway, ...PRODUCER_QUEUES];
