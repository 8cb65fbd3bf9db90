import type { ChangeableSettings, HistoryFacts } from '../../batch-jobs/batch-job-history.entity.js';
import { RETRYABLE_STATUSES, type RetryableStatus } from '../../batch-jobs/contact.status.js';
import { Shown, ShownOrNull } from './fields.js';

/** What a person may change about a job beside its start. */
export class SettingsResponse implements ChangeableSettings {
  @Shown('Its name.', { example: 'March reminders' }) readonly name: string;

  @ShownOrNull('Null without one.', { type: String, example: 'Appointments of week 10' })
  readonly description: string | null;

  @Shown('Most calls at one time.', { type: 'integer', example: 20 }) readonly concurrentCallLimit: number;

  @Shown('Most calls to one contact, the first included.', { type: 'integer', example: 3 })
  readonly maxAttempts: number;

  @Shown('Outcomes after which a contact is called again.', {
    enum: RETRYABLE_STATUSES,
    isArray: true,
    example: RETRYABLE_STATUSES,
  })
  readonly retryableStatuses: readonly RetryableStatus[];

  static ofHistory(settings: HistoryFacts['settings']): SettingsResponse | null {
    return settings ? { retryableStatuses: RETRYABLE_STATUSES, ...settings } : null;
  }
}
