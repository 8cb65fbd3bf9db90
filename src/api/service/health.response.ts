import { HEALTH_PROBLEMS, type Health, type HealthProblem } from '../../operations/health.service.js';
import type { ServerState } from '../../shared/server-watch.js';
import { Shown, ShownOrNull } from '../http/fields.js';

const SERVER_STATE = { enum: ['up', 'down', 'refuses_writes'], example: 'up' };
const SECONDS = { type: Number, example: null };

export class HealthResponse {
  @Shown('`unavailable` without a PostgreSQL that takes changes, `degraded` with any other of the `problems`.', {
    enum: ['ok', 'degraded', 'unavailable'],
    example: 'ok',
  })
  readonly status: 'ok' | 'degraded' | 'unavailable';

  @Shown('Everything that is wrong.', { enum: HEALTH_PROBLEMS, isArray: true, example: [] })
  readonly problems: readonly HealthProblem[];

  @Shown('Whether PostgreSQL answers and takes changes.', SERVER_STATE) readonly postgres: ServerState;
  @Shown('Whether Redis answers and takes changes.', SERVER_STATE) readonly redis: ServerState;

  @ShownOrNull('Workers heard of within 20 s. Null when PostgreSQL does not answer.', { type: Number, example: 2 })
  readonly workersAlive: number | null;

  @Shown('Queues that a worker takes nothing from, though it should.', { type: [String], example: [] })
  readonly stoppedConsumers: readonly string[];

  @Shown('Loops that hang in a worker.', { type: [String], example: [] })
  readonly stalledLoops: readonly string[];

  @ShownOrNull('Age of the oldest call that is claimed and not placed. Null without one.', SECONDS)
  readonly oldestUnplacedCallSeconds: number | null;

  @ShownOrNull('How long the oldest start is due that was not made. Null without one.', SECONDS)
  readonly oldestOverdueStartSeconds: number | null;

  @ShownOrNull('What places the calls; `simulated` calls nobody. Null where nothing does.', {
    type: String,
    example: 'simulated',
  })
  readonly dialer: string | null;

  @Shown('Version of the zone rules that starts are computed with.', { example: '2026f' }) readonly tzdbVersion: string;
  @Shown('Version inside Node.js; not used.', { example: '2025c' }) readonly runtimeTzdbVersion: string;

  static of(health: Health): HealthResponse {
    const { database, redis, workers, backlog, problems, dialer, tzdbVersion, runtimeTzdbVersion } = health;
    const usable = problems.length === 0 ? 'ok' : 'degraded';
    return {
      status: database === 'up' ? usable : 'unavailable',
      problems,
      postgres: database,
      redis,
      workersAlive: workers?.alive ?? null,
      stoppedConsumers: workers?.stoppedConsumers ?? [],
      stalledLoops: workers?.stalledLoops ?? [],
      oldestUnplacedCallSeconds: backlog?.oldestUnplacedCallSeconds ?? null,
      oldestOverdueStartSeconds: backlog?.oldestOverdueStartSeconds ?? null,
      dialer,
      tzdbVersion,
      runtimeTzdbVersion,
    };
  }
}
