import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from './caller.js';
import { Database } from './database.js';
import { DomainError } from './domain-error.js';
import { FIND_ANSWER, FORGET_OLD, KEEP_ANSWER, TAKE_TURN } from './idempotency.statements.js';
import type { IdempotentRequest } from './idempotent-request.js';
import { run } from './statement.js';

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
    const [known] = await this.database.run(FIND_ANSWER, { organizationId, key });
    if (known && !known.fingerprint.equals(fingerprint)) throw new IdempotencyKeyReusedError();
    return known?.answer ?? null;
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
      if (answer !== null)
        await run(manager, KEEP_ANSWER, kept(organizationId, idempotent, idempotent.toAnswer(answer)));
      return result;
    });
  }

  /** Keeps what was truly answered. */
  async keepAnswer(organizationId: string, request: IdempotentRequest, body: object): Promise<void> {
    await this.database.run(KEEP_ANSWER, kept(organizationId, request, body));
  }

  /** Deletes keys that have had their time, some at a time. @returns how many */
  async forgetOld(limit: number): Promise<number> {
    const deleted = await this.database.run(FORGET_OLD, { limit });
    return deleted.length;
  }
}

const kept = (organizationId: string, { key, fingerprint }: IdempotentRequest, answer: object) => ({
  organizationId,
  key,
  fingerprint,
  answer,
});

/** Held until the transaction ends, however it ends: a crash leaves nothing behind that would have to be cleared. */
async function takeTurn(manager: EntityManager, organizationId: string, request: IdempotentRequest): Promise<void> {
  const { key, fingerprint } = request;
  const [{ isFirst }] = await run(manager, TAKE_TURN, { organizationId, key });
  if (!isFirst) throw new IdempotencyInProgressError();
  const [known] = await run(manager, FIND_ANSWER, { organizationId, key });
  if (!known) return;
  throw known.fingerprint.equals(fingerprint) ? new IdempotencyInProgressError() : new IdempotencyKeyReusedError();
}
