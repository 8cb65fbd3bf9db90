import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import { DIALER_NAME } from '../shared/platform.js';
import { SchedulerGateway } from './scheduler.gateway.js';
import { TimezoneService } from './timezone.service.js';

export interface Health {
  readonly isDatabaseUp: boolean;
  /** False is no reason to take a process out of service: starts are kept and made without Redis. */
  readonly isRedisUp: boolean;
  /** What places the calls: `'simulated'` calls nobody. Null where nothing does. */
  readonly dialer: string | null;
  /** Version of the zone rules that starts are computed with. */
  readonly tzdbVersion: string;
  /** Version inside Node.js, which is not used. */
  readonly runtimeTzdbVersion: string;
}

/** Asks the servers this service stands on. */
@Injectable()
export class HealthService {
  constructor(
    private readonly database: Database,
    private readonly scheduler: SchedulerGateway,
    private readonly timezones: TimezoneService,
    @Inject(DIALER_NAME) private readonly dialer: string | null,
  ) {}

  async check(): Promise<Health> {
    const [isDatabaseUp, isRedisUp] = await Promise.all([
      this.database.query('select 1').then(
        () => true,
        () => false,
      ),
      this.scheduler.probe().then((state) => state === 'up'),
    ]);
    return {
      isDatabaseUp,
      isRedisUp,
      dialer: this.dialer,
      tzdbVersion: this.timezones.tzdbVersion,
      runtimeTzdbVersion: process.versions.tz ?? 'none',
    };
  }
}
