import { entityTagOf } from '../../batch-jobs/entity-tag.js';
import { TimezoneService } from '../../scheduling/timezone.service.js';
import { RescheduleResponse } from './reschedule.response.js';

interface Move {
  readonly summary: string;
  readonly scheduledStartTime: string;
  readonly timezone: string;
  /** @default 'scheduled' */
  readonly statusBefore?: 'pending' | 'scheduled';
}

/**
 * What is asked for, under the same names in the query and in the answers. The first lies ahead, because Swagger UI fills
 * it in; the others are the worked examples of the contract, of 2025.
 */
const MOVES = {
  ahead: {
    summary: 'A start ahead',
    scheduledStartTime: '2027-03-01T10:00:00',
    timezone: 'America/New_York',
  },
  newYork: {
    summary: '2025: ten in New York is 15:00 in UTC',
    scheduledStartTime: '2025-03-01T10:00:00',
    timezone: 'America/New_York',
  },
  utc: { summary: '2025: nine in UTC', scheduledStartTime: '2025-03-01T09:00:00', timezone: 'UTC' },
  pending: {
    summary: '2025: a first start for a pending job, nine in London',
    scheduledStartTime: '2025-03-01T09:00:00',
    timezone: 'Europe/London',
    statusBefore: 'pending',
  },
  storm: {
    summary: '2025: a storm, the same hour tomorrow',
    scheduledStartTime: '2025-03-02T09:00:00',
    timezone: 'America/New_York',
  },
  legalHours: {
    summary: '2025: when legal hours begin in Chicago',
    scheduledStartTime: '2025-03-01T09:00:00',
    timezone: 'America/Chicago',
  },
  skipped: {
    summary: '2025: a wall time that a clock change skips',
    scheduledStartTime: '2025-03-09T02:30:00',
    timezone: 'America/New_York',
  },
  daylightTime: {
    summary: '2025: from Friday to Monday, over the change to daylight time',
    scheduledStartTime: '2025-03-10T10:00:00',
    timezone: 'America/Los_Angeles',
  },
} as const satisfies Record<string, Move>;

type Parameter = 'scheduledStartTime' | 'timezone';

/** The worked examples of one parameter of the query. */
export const movesOf = (parameter: Parameter): Record<string, { summary: string; value: string }> =>
  Object.fromEntries(
    Object.entries(MOVES).map(([name, move]) => [name, { summary: move.summary, value: move[parameter] }]),
  );

const timezones = new TimezoneService();

const answerTo = ({ scheduledStartTime, timezone, statusBefore = 'scheduled' }: Move, isArmed: boolean): object => {
  const schedule = timezones.resolve({ startTime: scheduledStartTime, timezone });
  const wasScheduled = statusBefore === 'scheduled';
  const start = {
    batchJobId: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
    revision: wasScheduled ? 2 : 1,
    startsAt: schedule.startsAt,
  };
  const entityTag = entityTagOf({ scheduleRevision: start.revision, version: 2 });
  const oldJobCancelled = wasScheduled && isArmed;
  const queueJobId = `${start.batchJobId}.r${start.revision}`;
  return RescheduleResponse.of({ statusBefore, start, queueJobId, schedule, entityTag, oldJobCancelled, isArmed });
};

/** What the worked examples are answered with, and an answer while Redis is away. */
export const MOVED: Readonly<Record<string, { readonly summary: string; readonly value: object }>> = {
  ...Object.fromEntries(
    Object.entries(MOVES).map(([name, move]) => [name, { summary: move.summary, value: answerTo(move, true) }]),
  ),
  redisAway: { summary: 'Redis cannot be reached: the start is kept', value: answerTo(MOVES.newYork, false) },
};
