import { Injectable } from '@nestjs/common';
import { BatchJobChanges, type ChangeOrder, type ChangeResult } from './batch-job.changes.js';
import type { ChangeableSettings } from './batch-job-history.entity.js';
import { ALLOWED } from './batch-job.status.js';
import { END_EXHAUSTED } from './contact.statements.js';
import { CHANGE, PAUSE, RESUME } from './control.statements.js';

/** What is to be different; undefined: as it is. */
export type SettingsChange = Partial<ChangeableSettings>;

/** True for what says how calls are placed: a job that has ended places none. */
const isOfCalls = ({ concurrentCallLimit, maxAttempts, retryableStatuses }: SettingsChange): boolean =>
  [concurrentCallLimit, maxAttempts, retryableStatuses].some((limit) => limit !== undefined);

/** Statements for jobs that run, or will. */
@Injectable()
export class ControlRepository {
  constructor(private readonly changes: BatchJobChanges) {}

  pause(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.makeWithContacts(PAUSE, null, ALLOWED.pause, order, {});
  }

  resume(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.make(RESUME, ALLOWED.resume, order, {});
  }

  change(order: ChangeOrder, settings: SettingsChange): Promise<ChangeResult> {
    const { name, description, concurrentCallLimit, maxAttempts, retryableStatuses } = settings;
    const allowed = isOfCalls(settings) ? ALLOWED.changeLimits : ALLOWED.change;
    return this.changes.makeWithContacts(CHANGE, END_EXHAUSTED, allowed, order, {
      name: name ?? null,
      setsDescription: description !== undefined,
      description: description ?? null,
      concurrentCallLimit: concurrentCallLimit ?? null,
      maxAttempts: maxAttempts ?? null,
      retryableStatuses: retryableStatuses ?? null,
    });
  }
}
