import { Injectable } from '@nestjs/common';
import { newUlid } from '../shared/new-ulid.js';
import { Batched } from '../shared/batched.js';
import { Database } from '../shared/database.js';
import { run } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import { contactStatusOf, type CallEnd } from './call.outcome.js';
import { END_CALLS, type EndedRow } from './call-ends.statements.js';
import {
  ACCEPT_CALL,
  CLAIM_CALLS,
  EXTEND_LEASE,
  LIST_BATCHES_OF,
  LIST_PERMITTED,
  LOCK_SLOTS,
  TAKE_CALLS,
  type ClaimedCall,
  type TakenCall,
} from './calls.statements.js';
import { COMPLETE_BATCHES, FAIL_BATCH, LIST_DONE, LOCK_DONE } from './completion.statements.js';
import { LOCK_BATCH_JOB } from './conditional.statement.js';
import { CANCEL_WAITING, changeContacts } from './contact.statements.js';
import { WITHDRAW_CALL } from './give-back.statements.js';
import { isLockTimeout } from './lock-timeout.js';
import { LIST_OVERDUE, LIST_READY, LIST_UNPLACED, type OverdueCall, type UnplacedCall } from './sweep.statements.js';

const CALL_ID = /^call_[0-9A-HJKMNP-TV-Z]{26}$/;

/** False for what cannot be one of our ids, and must not reach PostgreSQL. */
export const isCallId = (text: string): boolean => CALL_ID.test(text);

// Keeps the batches' rows locked for milliseconds only.
const MOST_AT_ONCE = 100;

// A lock on a batch's row is had in milliseconds, but for seconds of a cancel or a change of a very long list.
const LOCK_PATIENCE_MS = 250;
// As a session has it (`database/data-source.ts`).
const LOCK_PATIENCE_APART_MS = 2_000;

const lockPatience = (isApart: boolean): string => String(isApart ? LOCK_PATIENCE_APART_MS : LOCK_PATIENCE_MS);

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
  /** Of the call. Not given, or null: it is looked up. */
  readonly batchJobId?: BatchJobId | null;
  readonly end: CallEnd;
  readonly retry: RetryDelays;
  /** Only a call of this one; null: of any. */
  readonly organizationId: string | null;
}

interface Take {
  readonly call: Pick<ClaimedCall, 'callId' | 'batchJobId'>;
  readonly leaseMs: number;
}

const callIdOf = ({ callId }: { readonly callId: string }): string => callId;

/**
 * The statements on calls: each does what it does once, whoever asks and however often.
 *
 * Takes and ends wait for the locks on their batches' rows. One that is held for seconds, by a cancel of a million
 * contacts say, keeps nobody else waiting for longer than a moment: then its calls are asked for apart.
 */
@Injectable()
export class CallsRepository {
  private readonly taking = new Batched((asked: readonly Take[], isApart) => this.takeAll(asked, isApart), {
    keyOf: ({ call }) => call.callId,
    most: MOST_AT_ONCE,
    groups: { of: ({ call }) => call.batchJobId, isMeant: isLockTimeout },
  });
  private readonly ending = new Batched((reports: readonly CallReport[], isApart) => this.endAll(reports, isApart), {
    keyOf: callIdOf,
    most: MOST_AT_ONCE,
    groups: { of: ({ batchJobId }) => batchJobId ?? '', isMeant: isLockTimeout },
  });
  private readonly permitting = new Batched((callIds: readonly string[]) => this.listPermitted(callIds), {
    keyOf: String,
    most: MOST_AT_ONCE,
  });
  private readonly finding = new Batched((callIds: readonly string[]) => this.listBatchesOf(callIds), {
    keyOf: String,
    most: MOST_AT_ONCE,
  });

  constructor(private readonly database: Database) {}

  /** Takes contacts for the organization's free slots, `most` at once. @returns the new calls */
  claim(organizationId: string, most: number): Promise<ClaimedCall[]> {
    const callIds = Array.from({ length: most }, () => `call_${newUlid()}`);
    return this.database.transaction(async (manager) => {
      await run(manager, LOCK_SLOTS, { organizationId });
      return run(manager, CLAIM_CALLS, { organizationId, callIds });
    });
  }

  /** @returns the call, to be placed by the asker and nobody else; null when there is nothing to place */
  take(call: Take['call'], leaseMs: number): Promise<TakenCall | null> {
    return this.taking.do({ call, leaseMs });
  }

  /** Whether a call that was handed out may still be placed: it has not ended, and its batch runs and is not held. */
  isPermitted(callId: string): Promise<boolean> {
    return this.permitting.do(callId);
  }

  /**
   * Takes back a claim of a batch that does not run, or is held.
   *
   * @returns the organization whose slot is free; null when there was none
   */
  async withdraw(callId: string): Promise<string | null> {
    const [withdrawn] = await this.database.run(WITHDRAW_CALL, { callId, organizationId: null });
    return withdrawn?.isNew ? withdrawn.organizationId : null;
  }

  /** Notes that the provider has the call. One that has ended already stays ended. */
  async accept(
    callId: string,
    leaseMs: number,
    { providerCallId, roomName }: Pick<CallEnd, 'providerCallId' | 'roomName'>,
  ): Promise<void> {
    await this.database.run(ACCEPT_CALL, { callId, leaseMs, providerCallId, roomName });
  }

  async extendLease(callId: string, leaseMs: number): Promise<void> {
    await this.database.run(EXTEND_LEASE, { callId, leaseMs });
  }

  /** Ends a call. The first report counts. @returns null when there is no such call */
  async end(report: CallReport): Promise<EndedRow | null> {
    const batchJobId = report.batchJobId ?? (await this.finding.do(report.callId));
    return batchJobId === null ? null : this.ending.do({ ...report, batchJobId });
  }

  /** Completes the batches that have nobody left to call. @returns them */
  async complete(organizationId: string): Promise<BatchJobId[]> {
    const done = await this.database.run(LIST_DONE, { organizationId });
    if (done.length === 0) return [];
    const batchJobIds = done.map(({ batchJobId }) => batchJobId);
    const completed = await this.database.transaction(async (manager) => {
      await run(manager, LOCK_DONE, { batchJobIds });
      return run(manager, COMPLETE_BATCHES, { batchJobIds });
    });
    return completed.map(({ batchJobId }) => batchJobId);
  }

  /** Fails a running batch. @returns false when it does not run */
  async fail(
    { batchJobId, organizationId }: Pick<ClaimedCall, 'batchJobId' | 'organizationId'>,
    reason: string,
  ): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      await run(manager, LOCK_BATCH_JOB, { batchJobId, organizationId });
      const failed = await run(manager, FAIL_BATCH, { batchJobId, reason });
      if (failed.length > 0) await changeContacts(manager, CANCEL_WAITING, batchJobId);
      return failed.length > 0;
    });
  }

  /** @param except calls that the asker knows of */
  listUnplaced(olderThanMs: number, limit: number, except: readonly string[]): Promise<UnplacedCall[]> {
    return this.database.run(LIST_UNPLACED, { olderThanMs, limit, except });
  }

  /** @param except calls that the asker knows of */
  listOverdue(limit: number, except: readonly string[]): Promise<OverdueCall[]> {
    return this.database.run(LIST_OVERDUE, { limit, except });
  }

  /** Organizations for which claiming, or completing, may do something; ordered by id, after the given one. */
  async listReady(afterId: string, limit: number): Promise<string[]> {
    const rows = await this.database.run(LIST_READY, { limit, afterId });
    return rows.map(({ organizationId }) => organizationId);
  }

  private async takeAll(asked: readonly Take[], isApart: boolean): Promise<(TakenCall | null)[]> {
    const callIds = asked.map(({ call }) => call.callId);
    const leaseMs = Math.max(...asked.map((take) => take.leaseMs));
    const taken = await this.database.run(TAKE_CALLS, { callIds, leaseMs, lockTimeoutMs: lockPatience(isApart) });
    return inOrder(callIds, taken);
  }

  private async listPermitted(callIds: readonly string[]): Promise<boolean[]> {
    const permitted = await this.database.run(LIST_PERMITTED, { callIds });
    return inOrder(callIds, permitted).map((row) => row !== null);
  }

  private async listBatchesOf(callIds: readonly string[]): Promise<(BatchJobId | null)[]> {
    const found = await this.database.run(LIST_BATCHES_OF, { callIds });
    return inOrder(callIds, found).map((row) => row?.batchJobId ?? null);
  }

  private async endAll(reports: readonly CallReport[], isApart: boolean): Promise<(EndedRow | null)[]> {
    const callIds = reports.map(callIdOf);
    const ends = reports.map(({ end }) => end);
    const ended = await this.database.run(END_CALLS, {
      retryDelaysMs: reports[0].retry.delaysMs,
      callIds,
      outcomes: ends.map(({ outcome }) => outcome),
      contactStatuses: ends.map(({ outcome }) => contactStatusOf(outcome)),
      leastDelaysMs: reports.map(({ retry }) => retry.leastMs),
      errorCodes: ends.map(({ errorCode }) => errorCode),
      reasons: ends.map(({ reason }) => reason),
      roomNames: ends.map(({ roomName }) => roomName),
      providerCallIds: ends.map(({ providerCallId }) => providerCallId),
      durationsSeconds: ends.map(({ durationSeconds }) => durationSeconds),
      organizationIds: reports.map(({ organizationId }) => organizationId),
      lockTimeoutMs: lockPatience(isApart),
    });
    return inOrder(callIds, ended);
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
