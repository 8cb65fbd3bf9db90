import { TimezoneService } from '../../scheduling/timezone.service.js';
import { RescheduleResponse } from './reschedule.response.js';

interface Move {
  readonly summary: string;
  readonly scheduledStartTime: string;
  readonly timezone: string;
  /** @default 'scheduled' */
  readonly statusBefore?: 'pending' | 'scheduled';
}

/** The worked examples of the contract, as they are asked for. Names are the same for query and answer. */
const MOVES: Readonly<Record<string, Move>> = {
  newYork: {
    summary: 'Ten in New York is 15:00 in UTC',
    scheduledStartTime: '2025-03-01T10:00:00',
    timezone: 'America/New_York',
  },
  utc: { summary: 'Nine in UTC', scheduledStartTime: '2025-03-01T09:00:00', timezone: 'UTC' },
  pending: {
    summary: 'A first start for a pending job: nine in London',
    scheduledStartTime: '2025-03-01T09:00:00',
    timezone: 'Europe/London',
    statusBefore: 'pending',
  },
  storm: {
    summary: 'A storm: the same hour tomorrow',
    scheduledStartTime: '2025-03-02T09:00:00',
    timezone: 'America/New_York',
  },
  legalHours: {
    summary: 'When legal hours begin in Chicago',
    scheduledStartTime: '2025-03-01T09:00:00',
    timezone: 'America/Chicago',
  },
  skipped: {
    summary: 'A wall time that a clock change skips: the same moment on the moved clock',
    scheduledStartTime: '2025-03-09T02:30:00',
    timezone: 'America/New_York',
  },
  daylightTime: {
    summary: 'From Friday to Monday, over the change to daylight time',
    scheduledStartTime: '2025-03-10T10:00:00',
    timezone: 'America/Los_Angeles',
  },
};

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
  return RescheduleResponse.of({ statusBefore, start, schedule, oldJobCancelled: wasScheduled && isArmed, isArmed });
};

/** What the worked examples are answered with, and an answer while Redis is away. */
export const MOVED: Readonly<Record<string, { readonly summary: string; readonly value: object }>> = {
  ...Object.fromEntries(
    Object.entries(MOVES).map(([name, move]) => [name, { summary: move.summary, value: answerTo(move, true) }]),
  ),
  redisAway: { summary: 'While Redis cannot be reached', value: answerTo(MOVES.newYork, false) },
};
