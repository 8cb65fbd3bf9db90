import type { Provider } from '@nestjs/common';
import { CallsGateway } from './calls.gateway.js';
import { SchedulerGateway } from './scheduler.gateway.js';

/** What any process tells the workers by; its queues are `producerModules`. */
export const GATEWAYS: Provider[] = [CallsGateway, SchedulerGateway];
