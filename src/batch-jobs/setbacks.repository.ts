import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../shared/database.js';
import { run } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { CallSnooze } from './call.snooze.js';
import { GIVE_BACK_CALL, type GivenBackRow } from './give-back.statements.js';
import { LOCK_BATCH_OF_CALL, SET_BACK, type LockedBatch, type SetbackRow } from './setback.statements.js';
import { setbackPolicyOf } from './setbacks.js';

/** Why a batch is to go slowly. */
export type Setback = Pick<CallSnooze, 'reason' | 'errorCode' | 'retryAfterMs'>;

/** A setback that was counted. */
export interface CountedSetback extends SetbackRow {
  readonly batchJobId: BatchJobId;
  readonly organizationId: string;
}

/** What became of a snoozed call, and of its batch. */
export interface SnoozedCall {
  readonly call: GivenBackRow;
  /** Null: not counted, as it belongs to an earlier setback, or its batch does not run. */
  readonly setback: CountedSetback | null;
}

/** The statements on batches whose calls cannot be placed. */
@Injectable()
export class SetbacksRepository {
  constructor(private readonly database: Database) {}

  /** Gives a placed call back, without any consequence for its batch. @returns null when there is no such call */
  async giveBack(callId: string): Promise<GivenBackRow | null> {
    const [call] = await this.database.run(GIVE_BACK_CALL, { callId, organizationId: null });
    return call ?? null;
  }

  /**
   * Gives a call back that could not be placed, and slows its batch down, both or neither. One that has ended stays so.
   *
   * @param organizationId only a call of this one; null: of any
   * @returns null when there is no such call
   */
  snooze(callId: string, snooze: CallSnooze, organizationId: string | null): Promise<SnoozedCall | null> {
    return this.database.transaction(async (manager) => {
      const [call] = await run(manager, GIVE_BACK_CALL, { callId, organizationId });
      if (!call) return null;
      const { isNew, placedAt, batchJobId } = call;
      if (!isNew || !placedAt) return { call, setback: null };
      const batch = { batchJobId, organizationId: call.organizationId, begunAt: placedAt };
      return { call, setback: await setBack(manager, batch, snooze) };
    });
  }

  /**
   * Slows the batch of a call down that stays as it is, because nobody knows what became of it.
   *
   * @param begunMsAgo when that was tried which failed. Null: when the call was placed
   * @returns null when it was not counted
   */
  note(callId: string, setback: Setback, begunMsAgo: number | null): Promise<CountedSetback | null> {
    return this.database.transaction(async (manager) => {
      const [batch] = await run(manager, LOCK_BATCH_OF_CALL, { callId, begunMsAgo });
      return batch ? setBack(manager, batch, setback) : null;
    });
  }
}

/** The batch's row is locked by the caller's transaction. */
async function setBack(
  manager: EntityManager,
  { batchJobId, organizationId, begunAt }: LockedBatch,
  { reason, errorCode, retryAfterMs }: Setback,
): Promise<CountedSetback | null> {
  const { inARowWith, pausesAfter } = setbackPolicyOf(reason);
  const counting = { batchJobId, begunAt, reason, errorCode, retryAfterMs, inARowWith, pausesAfter };
  const [counted] = await run(manager, SET_BACK, counting);
  return counted ? { ...counted, batchJobId, organizationId } : null;
}
