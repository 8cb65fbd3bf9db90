import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import { SchedulerGateway } from './scheduler.gateway.js';
import { TimezoneService } from './timezone.service.js';

export interface Health {
  readonly isDatabaseUp: boolean;
  /** False is no reason to take a process out of service: starts are kept and made without Redis. */
  readonly isRedisUp: boolean;
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
  ) {}

  async check(): Promise<Health> {
    const [isDatabaseUp, isRedisUp] = await Promise.all([
      this.database.query('select 1').then(
        () => true,
        () => false,
      ),
      this.scheduler.isReachable(),
    ]);
    const { tzdbVersion } = this.timezones;
    return { isDatabaseUp, isRedisUp, tzdbVersion, runtimeTzdbVersion: process.versions.tz ?? 'none' };
  }
}
