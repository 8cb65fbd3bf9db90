import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import { run } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { ScheduledStart } from './batch-job.changes.js';
import {
  CONFIRM_BY_RULES,
  FIND_NEWEST_RULES,
  FOLLOW_RULES,
  LIST_COMPUTED_BEFORE,
  TRY_LOCK,
  type WallTimeSchedule,
} from './time-rules.statements.js';

/** `overtaken`: the schedule is not the one that was looked at any more, and nothing was changed. */
export type FollowResult =
  | { readonly outcome: 'moved'; readonly ended: ScheduledStart; readonly scheduled: ScheduledStart }
  | { readonly outcome: 'missed'; readonly ended: ScheduledStart; readonly scheduled: null }
  | { readonly outcome: 'overtaken' };

/**
 * What schedules owe to the version of the zone rules. The rows themselves say which version that is, so work that ended
 * half-done is found again by the same question.
 */
@Injectable()
export class TimeRulesRepository {
  constructor(private readonly database: Database) {}

  /**
   * Does the work unless another process is at it. The lock is that of a transaction, and ends with it, however it ends;
   * the statements below, which have sessions of their own, would be right without it.
   *
   * @returns null when another process is at it
   */
  alone<T>(work: () => Promise<T>): Promise<T | null> {
    return this.database.transaction(async (manager) => {
      const [{ isOurs }] = await run(manager, TRY_LOCK, {});
      return isOurs ? work() : null;
    });
  }

  /** The newest rules that a schedule was computed by. Null when there is none. */
  async findNewestVersion(): Promise<string | null> {
    const [{ newest }] = await this.database.run(FIND_NEWEST_RULES, {});
    return newest;
  }

  /** Schedules given as a wall time and computed by rules older than these, ordered by id, after the given id. */
  listComputedBefore(tzdbVersion: string, afterId: BatchJobId, limit: number): Promise<WallTimeSchedule[]> {
    return this.database.run(LIST_COMPUTED_BEFORE, { tzdbVersion, afterId, limit });
  }

  /** Notes the version for schedules whose instant stays. @returns how many; the others were changed or held meanwhile */
  async confirm(schedules: readonly WallTimeSchedule[], tzdbVersion: string): Promise<number> {
    if (schedules.length === 0) return 0;
    const batchJobIds = schedules.map(({ batchJobId }) => batchJobId);
    const revisions = schedules.map(({ revision }) => revision);
    const [{ confirmed }] = await this.database.run(CONFIRM_BY_RULES, { batchJobIds, revisions, tzdbVersion });
    return confirmed;
  }

  /**
   * Moves a schedule to its instant by newer rules, or to now if that has passed, or marks it missed if that is too long
   * ago: see `FOLLOW_RULES`.
   *
   * @param maxLateStartMinutes of a job that has no limit of its own; 0: any lateness is fine
   */
  async follow(
    { batchJobId, revision }: WallTimeSchedule,
    to: { readonly startsAt: Date; readonly tzdbVersion: string },
    maxLateStartMinutes: number,
  ): Promise<FollowResult> {
    const [row] = await this.database.run(FOLLOW_RULES, { batchJobId, revision, ...to, maxLateStartMinutes });
    if (!row) return { outcome: 'overtaken' };
    const ended = { batchJobId, revision, startsAt: row.startsAtBefore };
    if (row.status === 'failed') return { outcome: 'missed', ended, scheduled: null };
    return { outcome: 'moved', ended, scheduled: { batchJobId, revision: row.revision, startsAt: row.startsAt } };
  }
}
