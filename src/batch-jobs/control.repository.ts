import { Injectable } from '@nestjs/common';
import { BatchJobChanges, type ChangeOrder, type ChangeResult } from './batch-job.changes.js';
import type { ChangeableSettings } from './batch-job-history.entity.js';
import { BATCH_JOB_STATUSES, NOT_ENDED, statusesThatMayBecome } from './batch-job.status.js';
import { END_EXHAUSTED } from './contact.statements.js';
import { CHANGE, PAUSE, RESUME } from './control.statements.js';

/** What is to be different; undefined: as it is. */
export type SettingsChange = Partial<ChangeableSettings>;

/** True for what says how calls are placed: a job that has ended places none. */
export const isOfCalls = ({ concurrentCallLimit, maxAttempts, retryableStatuses }: SettingsChange): boolean =>
  [concurrentCallLimit, maxAttempts, retryableStatuses].some((limit) => limit !== undefined);

/** Statements for jobs that run, or will. */
@Injectable()
export class ControlRepository {
  constructor(private readonly changes: BatchJobChanges) {}

  pause(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.makeWithContacts(PAUSE, null, statusesThatMayBecome('paused'), order, []);
  }

  resume(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.make(RESUME, ['paused'], order, []);
  }

  change(order: ChangeOrder, settings: SettingsChange): Promise<ChangeResult> {
    const { name, description, concurrentCallLimit, maxAttempts, retryableStatuses } = settings;
    const allowed = isOfCalls(settings) ? NOT_ENDED : BATCH_JOB_STATUSES;
    const own = [name, description !== undefined, description, concurrentCallLimit, maxAttempts, retryableStatuses];
    const orNull = own.map((value) => value ?? null);
    return this.changes.makeWithContacts(CHANGE, END_EXHAUSTED, allowed, order, orNull);
  }
}
