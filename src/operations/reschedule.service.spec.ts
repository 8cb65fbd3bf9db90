import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { BATCH_JOB_STATUSES, canMove, type BatchJobStatus } from '../batch-jobs/batch-job.status.js';
import type { ChangeOrder, ChangeResult, ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import type { ScheduleRepository } from '../batch-jobs/schedule.repository.js';
import type { ResolvedSchedule } from '../batch-jobs/schedule.js';
import type { Caller } from '../shared/caller.js';
import { Clock } from '../shared/clock.js';
import { SETTING_DEFAULTS, type Settings } from '../shared/settings.js';
import { ChangeRunner } from './change.js';
import { RescheduleService } from './reschedule.service.js';
import { ScheduleResolver } from '../scheduling/schedule.resolver.js';
import type { Rearmed, SchedulerGateway } from '../queue/scheduler.gateway.js';
import { TimezoneService } from '../scheduling/timezone.service.js';

type PublicOf<T> = Pick<T, keyof T>;

Logger.overrideLogger(false);

const ID = 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8';
const CALLER: Caller = { organizationId: 'org_a', actor: 'key_a', requestId: 'req_a' };
const NINE_IN_NEW_YORK = { startTime: '2026-03-09T09:00:00', timezone: 'America/New_York' };

class FixedClock extends Clock {
  override now(): Date {
    return new Date('2026-03-01T00:00:00Z');
  }
}

/** One row in memory, with the rule that PostgreSQL applies. */
class OneRow implements Pick<PublicOf<ScheduleRepository>, 'reschedule'> {
  readonly asked: ResolvedSchedule[] = [];

  constructor(private readonly row: { status: BatchJobStatus; start: ScheduledStart | null; now: Date }) {}

  async reschedule({ batchJobId }: ChangeOrder, to: ResolvedSchedule): Promise<ChangeResult<'past_start'>> {
    this.asked.push(to);
    const { status, start, now } = this.row;
    if (batchJobId !== ID) return { outcome: 'not_found' };
    const refused = { outcome: 'refused', status, entityTag: '"4.8"' } as const;
    if (!canMove(status, 'scheduled')) return { ...refused, refusal: 'status' };
    if (to.startsAt <= now) return { ...refused, refusal: 'past_start' };
    const scheduled = { batchJobId, revision: (start?.revision ?? 0) + 1, startsAt: to.startsAt };
    const changed = { outcome: 'changed', statusBefore: status, ended: start, scheduled } as const;
    return { ...changed, startedAt: null, contacts: 0, details: { timezoneBefore: null }, entityTag: '"5.9"' };
  }
}

class FakeScheduler implements Pick<PublicOf<SchedulerGateway>, 'rearm'> {
  readonly rearmed: [ScheduledStart | null, ScheduledStart | null][] = [];

  constructor(private readonly isRedisUp: boolean) {}

  async rearm(ended: ScheduledStart | null, scheduled: ScheduledStart | null): Promise<Rearmed> {
    this.rearmed.push([ended, scheduled]);
    return { oldJobCancelled: this.isRedisUp && ended !== null, isArmed: this.isRedisUp };
  }
}

const setup = (status: BatchJobStatus, { isRedisUp = true, now = '2026-03-01T00:00:00Z' } = {}) => {
  const start =
    status === 'scheduled' ? { batchJobId: ID, revision: 4, startsAt: new Date('2026-03-05T09:00:00Z') } : null;
  const schedules = new OneRow({ status, start, now: new Date(now) });
  const scheduler = new FakeScheduler(isRedisUp);
  const resolver = new ScheduleResolver(
    new TimezoneService(),
    new FixedClock(),
    SETTING_DEFAULTS as unknown as Settings,
  );
  // `as never`: the real classes have private fields, which no fake can have.
  return {
    service: new RescheduleService(new ChangeRunner(scheduler as never), resolver, schedules as never),
    schedules,
    scheduler,
    start,
  };
};

describe('RescheduleService', () => {
  it('wakes the batch at the instant the wall clock shows after the change to daylight time', async () => {
    const { service, scheduler, start } = setup('scheduled');

    const moved = await service.reschedule(CALLER, ID, NINE_IN_NEW_YORK);

    const scheduled = { batchJobId: ID, revision: 5, startsAt: new Date('2026-03-09T13:00:00Z') };
    expect(scheduler.rearmed).toEqual([[start, scheduled]]);
    expect(moved).toMatchObject({ statusBefore: 'scheduled', start: scheduled, oldJobCancelled: true, isArmed: true });
  });

  it('keeps the move when Redis is away, and says that the wake-up is not set', async () => {
    const { service } = setup('scheduled', { isRedisUp: false });

    await expect(service.reschedule(CALLER, ID, NINE_IN_NEW_YORK)).resolves.toMatchObject({
      oldJobCancelled: false,
      isArmed: false,
      start: { revision: 5 },
    });
  });

  it.each(BATCH_JOB_STATUSES.filter((status) => !canMove(status, 'scheduled')))(
    'refuses a %s batch and wakes nothing',
    async (status) => {
      const { service, scheduler } = setup(status);

      await expect(service.reschedule(CALLER, ID, NINE_IN_NEW_YORK)).rejects.toMatchObject({
        code: 'invalid_status',
        facts: { currentStatus: status, allowedStatuses: ['pending', 'scheduled'] },
      });
      expect(scheduler.rearmed).toEqual([]);
    },
  );

  it('refuses a start that the database finds in the past', async () => {
    const { service, scheduler } = setup('scheduled', { now: '2026-03-09T13:00:00Z' });

    await expect(service.reschedule(CALLER, ID, NINE_IN_NEW_YORK)).rejects.toMatchObject({
      code: 'past_scheduled_time',
    });
    expect(scheduler.rearmed).toEqual([]);
  });

  it('judges the time before it asks for the job', async () => {
    const { service, schedules } = setup('scheduled');

    await expect(service.reschedule(CALLER, 'unknown', { startTime: 'soon' })).rejects.toMatchObject({
      code: 'invalid_datetime',
    });
    expect(schedules.asked).toEqual([]);
  });

  it('does not bother the database with what cannot be an id', async () => {
    const { service, schedules } = setup('scheduled');

    await expect(service.reschedule(CALLER, 'batch_\0', NINE_IN_NEW_YORK)).rejects.toMatchObject({
      code: 'job_not_found',
    });
    expect(schedules.asked).toEqual([]);
  });

  it('takes a start up to 366 days ahead, and not a millisecond more', async () => {
    const { service } = setup('scheduled');

    await expect(service.reschedule(CALLER, ID, { startTime: '2027-03-02T00:00:00Z' })).resolves.toMatchObject({
      start: { revision: 5 },
    });
    await expect(service.reschedule(CALLER, ID, { startTime: '2027-03-02T00:00:00.001Z' })).rejects.toMatchObject({
      code: 'invalid_datetime',
      reason: 'too_far',
    });
  });
});
