import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from './caller.js';
import { Database } from './database.js';
import { DomainError } from './domain-error.js';
import type { IdempotentRequest } from './idempotent-request.js';

/** The key was used for another request. */
export class IdempotencyKeyReusedError extends DomainError {
  readonly code = 'idempotency_key_reused';

  constructor() {
    super(
      'This Idempotency-Key was used for another request within the last 24 hours. Use a new key for a new request, ' +
        'and repeat a request without changing it.',
    );
  }
}

/** The same request is just being carried out. */
export class IdempotencyInProgressError extends DomainError {
  readonly code = 'idempotency_in_progress';

  constructor() {
    super('A request with this Idempotency-Key is being carried out. Send it again in a second for its answer.');
  }
}

/** Kept as long as a client may reasonably try again (docs/decisions/0014-idempotency-keys.md). */
const KEPT = `interval '24 hours'`;

const FIND = `
  select fingerprint, answer from idempotency_keys
   where organization_id = $1 and key = $2 and created_at > clock_timestamp() - ${KEPT}`;

/** $1 organization, $2 key, $3 fingerprint, $4 answer. A key that has had its time begins anew; one of another request stays. */
const KEEP = `
  insert into idempotency_keys as known (organization_id, key, fingerprint, answer, created_at)
  values ($1, $2, $3, $4, clock_timestamp())
  on conflict (organization_id, key) do update
     set fingerprint = excluded.fingerprint, answer = excluded.answer,
         created_at = case when known.created_at > clock_timestamp() - ${KEPT} then known.created_at
                           else excluded.created_at end
   where known.fingerprint = excluded.fingerprint or known.created_at <= clock_timestamp() - ${KEPT}`;

interface Kept {
  readonly fingerprint: Buffer;
  readonly answer: object;
}

/**
 * Carries out what a caller named once, however often it is sent.
 *
 * The key is written in the change's own transaction, so there is neither a change without its key nor a key without its
 * change. Refusals are not kept: they changed nothing, and may be over the next time.
 */
@Injectable()
export class Idempotency {
  constructor(private readonly database: Database) {}

  /**
   * The answer that the request was given before; null when it is new.
   * @throws idempotency_key_reused  the key belongs to another request
   */
  async findAnswer(organizationId: string, { key, fingerprint }: IdempotentRequest): Promise<object | null> {
    const [kept] = await this.database.query<Kept>(FIND, [organizationId, key]);
    if (kept && !kept.fingerprint.equals(fingerprint)) throw new IdempotencyKeyReusedError();
    return kept?.answer ?? null;
  }

  /**
   * Does the work of a write. For a request that has a key, in one transaction with the key.
   *
   * @param answerOf what the service returns if this process ends right after the commit, before Redis was asked: kept
   *   with the key until the true answer takes its place (`keepAnswer`). Null: nothing was changed
   * @throws idempotency_in_progress  the same request is at work, or was a moment ago
   * @throws idempotency_key_reused   the key belongs to another request
   */
  once<T>(
    { organizationId, idempotent }: Caller,
    work: (manager: EntityManager) => Promise<T>,
    answerOf: (result: T) => unknown,
  ): Promise<T> {
    if (!idempotent) return this.database.read(work);
    return this.database.transaction(async (manager) => {
      await takeTurn(manager, organizationId, idempotent);
      const result = await work(manager);
      const answer = answerOf(result);
      if (answer !== null) await manager.query(KEEP, keepParameters(organizationId, idempotent, answer));
      return result;
    });
  }

  /** Keeps what was truly answered. */
  async keepAnswer(organizationId: string, request: IdempotentRequest, body: object): Promise<void> {
    const { key, fingerprint } = request;
    await this.database.query(KEEP, [organizationId, key, fingerprint, JSON.stringify(body)]);
  }

  /** Deletes keys that have had their time, some at a time. @returns how many */
  async forgetOld(limit: number): Promise<number> {
    const deleted = await this.database.query(
      `with old as (
         select organization_id, key from idempotency_keys where created_at <= clock_timestamp() - ${KEPT}
          order by created_at limit $1 for update skip locked
       ), deleted as (
         delete from idempotency_keys as known using old
          where known.organization_id = old.organization_id and known.key = old.key returning 1
       ) select 1 from deleted`,
      [limit],
    );
    return deleted.length;
  }
}

const keepParameters = (organizationId: string, request: IdempotentRequest, answer: unknown): unknown[] => [
  organizationId,
  request.key,
  request.fingerprint,
  JSON.stringify(request.toAnswer(answer)),
];

/** Held until the transaction ends, however it ends: a crash leaves nothing behind that would have to be cleared. */
async function takeTurn(manager: EntityManager, organizationId: string, request: IdempotentRequest): Promise<void> {
  const { key, fingerprint } = request;
  const [{ isFirst }] = await manager.query<[{ isFirst: boolean }]>(
    `select pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0)) as "isFirst"`,
    [organizationId, key],
  );
  if (!isFirst) throw new IdempotencyInProgressError();
  const [kept] = await manager.query<Kept[]>(FIND, [organizationId, key]);
  if (!kept) return;
  throw kept.fingerprint.equals(fingerprint) ? new IdempotencyInProgressError() : new IdempotencyKeyReusedError();
}
