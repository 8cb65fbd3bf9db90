import type { Health } from '../../scheduling/health.service.js';
import { Shown, ShownOrNull } from './fields.js';

const UP_OR_DOWN = { enum: ['up', 'down'], example: 'up' };

export class HealthResponse {
  @Shown('`degraded` without Redis, `unavailable` without PostgreSQL.', {
    enum: ['ok', 'degraded', 'unavailable'],
    example: 'ok',
  })
  readonly status: 'ok' | 'degraded' | 'unavailable';

  @Shown('Whether PostgreSQL answers.', UP_OR_DOWN) readonly postgres: 'up' | 'down';
  @Shown('Whether Redis answers.', UP_OR_DOWN) readonly redis: 'up' | 'down';
  @ShownOrNull('What places the calls; `simulated` calls nobody. Null where nothing does.', {
    type: String,
    example: 'simulated',
  })
  readonly dialer: string | null;

  @Shown('Version of the zone rules that starts are computed with.', { example: '2026f' }) readonly tzdbVersion: string;
  @Shown('Version inside Node.js; not used.', { example: '2025c' }) readonly runtimeTzdbVersion: string;

  static of({ isDatabaseUp, isRedisUp, dialer, tzdbVersion, runtimeTzdbVersion }: Health): HealthResponse {
    const upOrDown = (isUp: boolean) => (isUp ? 'up' : 'down');
    const reachable = isRedisUp ? 'ok' : 'degraded';
    return {
      status: isDatabaseUp ? reachable : 'unavailable',
      postgres: upOrDown(isDatabaseUp),
      redis: upOrDown(isRedisUp),
      dialer,
      tzdbVersion,
      runtimeTzdbVersion,
    };
  }
}
