import type { Provider } from '@nestjs/common';
import { Clock } from './clock.js';
import { Database } from './database.js';
import { Heartbeats } from './heartbeats.js';
import { Idempotency } from './idempotency.js';
import { Metrics } from './metrics.js';

/** What every room stands on. */
export const FOUNDATION: Provider[] = [Clock, Database, Heartbeats, Idempotency, Metrics];
