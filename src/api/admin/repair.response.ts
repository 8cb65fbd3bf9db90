import type { Reconciled } from '../../scheduling/schedule.reconciler.js';
import { Shown } from '../http/fields.js';

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const messageOf = ({ armed, removed }: Reconciled): string => {
  if (armed + removed === 0) return 'Redis has every timer that it should have, and no other';
  return `${counted(armed, 'timer')} set, ${counted(removed, 'timer')} removed`;
};

export class RepairResponse {
  @Shown('Always true.', { type: Boolean, example: true }) readonly success: true;
  @Shown('Timers that were missing or wrong, and are set.', { type: 'integer', example: 1 }) readonly armed: number;
  @Shown('Timers that no schedule wanted, and are gone.', { type: 'integer', example: 0 }) readonly removed: number;
  @Shown('The same in words.', { example: '1 timer set, 0 timers removed' }) readonly message: string;

  static of(done: Reconciled): RepairResponse {
    return { success: true, armed: done.armed, removed: done.removed, message: messageOf(done) };
  }
}
