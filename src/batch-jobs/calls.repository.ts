import { Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import { Batched } from '../shared/batched.js';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import { contactStatusOf, type CallEnd } from './call.outcome.js';
import {
  ACCEPT_CALL,
  CLAIM_CALLS,
  COMPLETE_BATCHES,
  END_CALLS,
  EXTEND_LEASE,
  FAIL_BATCH,
  LIST_OVERDUE,
  LIST_READY,
  LIST_UNPLACED,
  LOCK_SLOTS,
  TAKE_CALLS,
  WITHDRAW_CALL,
  type EndedRow,
  type TakenCall,
} from './calls.statements.js';
import { LOCK_BATCH_JOB } from './conditional.statement.js';
import { CANCEL_WAITING, changeContacts } from './contact.statements.js';
import { RETRYABLE_STATUSES } from './contact.status.js';

const CALL_ID = /^call_[0-9A-HJKMNP-TV-Z]{26}$/;

/** False for what cannot be one of our ids, and must not reach PostgreSQL. */
export const isCallId = (text: string): boolean => CALL_ID.test(text);

/** A call whose outcome should have arrived. */
export interface OverdueCall {
  readonly callId: string;
  readonly organizationId: string;
  readonly providerCallId: string | null;
  /** The provider has told that it took the call. */
  readonly isAccepted: boolean;
  /** Since it was handed to the dialer. */
  readonly placedForMs: number;
}

// Keeps the batches' rows locked for milliseconds only.
const MOST_AT_ONCE = 100;

/** When a contact is called again. */
export interface RetryDelays {
  /** Before the second call, the third, …; the last repeats. At least one. */
  readonly delaysMs: readonly number[];
  /** Never sooner than this. */
  readonly leastMs: number;
}

/** How a call ended, and what follows. */
export interface CallReport {
  readonly callId: string;
  readonly end: CallEnd;
  readonly retry: RetryDelays;
  /** Only a call of this one; null: of any. */
  readonly organizationId: string | null;
}

/** The statements on calls: each does what it does once, whoever asks and however often. */
@Injectable()
export class CallsRepository {
  private readonly taking = new Batched(
    (asked: readonly { callId: string; leaseMs: number }[]) => this.takeAll(asked),
    ({ callId }) => callId,
    MOST_AT_ONCE,
  );
  private readonly ending = new Batched(
    (reports: readonly CallReport[]) => this.endAll(reports),
    ({ callId }) => callId,
    MOST_AT_ONCE,
  );

  constructor(private readonly database: Database) {}

  /** Takes contacts for the organization's free slots, `most` at once. @returns the new calls */
  claim(organizationId: string, most: number): Promise<string[]> {
    const ids = Array.from({ length: most }, () => `call_${ulid()}`);
    return this.database.transaction(async (manager) => {
      await manager.query(LOCK_SLOTS, [organizationId]);
      const claimed = await manager.query<{ id: string }[]>(CLAIM_CALLS, [organizationId, ids]);
      return claimed.map(({ id }) => id);
    });
  }

  /** @returns the call, to be placed by the asker and nobody else; null when there is nothing to place */
  take(callId: string, leaseMs: number): Promise<TakenCall | null> {
    return this.taking.do({ callId, leaseMs });
  }

  /** Takes back a claim of a batch that does not run. @returns the organization whose slot is free; null when there was none */
  async withdraw(callId: string): Promise<string | null> {
    const [withdrawn] = await this.database.query<{ organizationId: string }>(WITHDRAW_CALL, [callId]);
    return withdrawn?.organizationId ?? null;
  }

  /** Notes that the provider has the call. One that has ended already stays ended. */
  async accept(
    callId: string,
    leaseMs: number,
    { providerCallId, roomName }: Pick<CallEnd, 'providerCallId' | 'roomName'>,
  ): Promise<void> {
    await this.database.query(ACCEPT_CALL, [callId, leaseMs, providerCallId, roomName]);
  }

  async extendLease(callId: string, leaseMs: number): Promise<void> {
    await this.database.query(EXTEND_LEASE, [callId, leaseMs]);
  }

  /** Ends a call. The first report counts. @returns null when there is no such call */
  end(report: CallReport): Promise<EndedRow | null> {
    return this.ending.do(report);
  }

  /** Completes the batches that have nobody left to call. @returns them */
  async complete(organizationId: string): Promise<BatchJobId[]> {
    const rows = await this.database.query<{ batchJobId: BatchJobId }>(COMPLETE_BATCHES, [organizationId]);
    return rows.map(({ batchJobId }) => batchJobId);
  }

  /** Fails a running batch. @returns false when it does not run */
  async fail(batchJobId: BatchJobId, reason: string): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      await manager.query(LOCK_BATCH_JOB, [batchJobId]);
      const failed = await manager.query<unknown[]>(FAIL_BATCH, [batchJobId, reason]);
      if (failed.length > 0) await changeContacts(manager, CANCEL_WAITING, batchJobId);
      return failed.length > 0;
    });
  }

  async listUnplaced(olderThanMs: number, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(LIST_UNPLACED, [olderThanMs, limit]);
    return rows.map(({ id }) => id);
  }

  listOverdue(limit: number): Promise<OverdueCall[]> {
    return this.database.query<OverdueCall>(LIST_OVERDUE, [limit]);
  }

  /** Organizations for which claiming, or completing, may do something; ordered by id, after the given one. */
  async listReady(afterId: string, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ organizationId: string }>(LIST_READY, [limit, afterId]);
    return rows.map(({ organizationId }) => organizationId);
  }

  private async takeAll(asked: readonly { callId: string; leaseMs: number }[]): Promise<(TakenCall | null)[]> {
    const ids = asked.map(({ callId }) => callId);
    const taken = await this.database.query<TakenCall>(TAKE_CALLS, [
      ids,
      Math.max(...asked.map(({ leaseMs }) => leaseMs)),
    ]);
    return inOrder(ids, taken);
  }

  private async endAll(reports: readonly CallReport[]): Promise<(EndedRow | null)[]> {
    const columns = reports.map(({ callId, end, retry, organizationId }) => {
      const { outcome, errorCode, reason, roomName, providerCallId, durationSeconds } = end;
      const status = contactStatusOf(outcome);
      const isRetryable = (RETRYABLE_STATUSES as readonly string[]).includes(status);
      const told = [errorCode, reason, roomName, providerCallId, durationSeconds];
      return [callId, outcome, status, isRetryable, retry.leastMs, ...told, organizationId];
    });
    const [{ retry }] = reports;
    const transposed = columns[0].map((_, column) => columns.map((values) => values[column]));
    const ended = await this.database.query<EndedRow>(END_CALLS, [retry.delaysMs, ...transposed]);
    return inOrder(
      reports.map(({ callId }) => callId),
      ended,
    );
  }
}

/** A row, or null, for each id. */
function inOrder<Row extends { readonly callId: string }>(
  ids: readonly string[],
  rows: readonly Row[],
): (Row | null)[] {
  const byId = new Map(rows.map((row) => [row.callId, row]));
  return ids.map((id) => byId.get(id) ?? null);
}
