import { Injectable } from '@nestjs/common';
import { BatchJobChanges, type ChangeOrder, type ChangeResult } from './batch-job.changes.js';
import { CALL_SETTINGS, type ChangeableSettings } from './batch-job-history.entity.js';
import { ALLOWED } from './batch-job.status.js';
import { END_EXHAUSTED } from './contact.statements.js';
import { CHANGE, PAUSE, RESUME } from './control.statements.js';

/** What is to be different; undefined: as it is. */
export type SettingsChange = Partial<ChangeableSettings>;

/** True for what says how calls are placed: a job that has ended places none. */
const isOfCalls = (settings: SettingsChange): boolean => CALL_SETTINGS.some((name) => settings[name] !== undefined);

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
    // A name is no reason to read all contacts.
    const isOfAttempts = maxAttempts !== undefined || retryableStatuses !== undefined;
    return this.changes.makeWithContacts(CHANGE, isOfAttempts ? END_EXHAUSTED : null, allowed, order, {
      name: name ?? null,
      setsDescription: description !== undefined,
      description: description ?? null,
      concurrentCallLimit: concurrentCallLimit ?? null,
      maxAttempts: maxAttempts ?? null,
      retryableStatuses: retryableStatuses ?? null,
    });
  }
}
