import type { SettingsChange } from '../../batch-jobs/control.repository.js';
import { InvalidInputError } from '../http/api.errors.js';
import type { RetryableStatus } from '../../batch-jobs/contact.status.js';
import { ChangedLineField, ChangedWholeNumberField, OptionalTextField } from '../http/fields.js';
import { ChangedWordsField, RETRYABLE } from '../http/words.fields.js';
import { BOUNDS } from '../http/bounds.js';

const NOTHING_TO_CHANGE =
  'Give at least one of name, description, concurrentCallLimit, maxAttempts and retryableStatuses.';

/** What is to be different; a field left out stays as it is. */
export class ChangeBody {
  @ChangedLineField({ max: BOUNDS.name, example: 'March reminders', description: 'Name of the batch.' })
  name?: string;

  @OptionalTextField({ max: BOUNDS.description, example: 'Appointments of week 10', description: 'Null removes it.' })
  description?: string | null;

  @ChangedWholeNumberField({
    min: 1,
    max: BOUNDS.concurrentCallLimit,
    example: 20,
    description: 'Most calls of this batch at one time.',
  })
  concurrentCallLimit?: number;

  @ChangedWholeNumberField({
    min: 1,
    max: BOUNDS.maxAttempts,
    example: 3,
    description: 'Most calls to one contact, the first included.',
  })
  maxAttempts?: number;

  @ChangedWordsField(RETRYABLE)
  retryableStatuses?: readonly RetryableStatus[];

  /** @throws invalid_request  nothing is to be changed */
  toChange(): SettingsChange {
    const { name, description, concurrentCallLimit, maxAttempts, retryableStatuses } = this;
    const change: SettingsChange = { name, description, concurrentCallLimit, maxAttempts, retryableStatuses };
    if (Object.values(change).every((value) => value === undefined)) {
      throw new InvalidInputError('invalid_request', NOTHING_TO_CHANGE);
    }
    return change;
  }
}
