import { boolean, bytes, count, json, statement, text } from './statement.js';
/** Kept as long as a client may reasonably try again (docs/decisions/0014-idempotency-keys.md). */
const KEPT = `interval '24 hours'`;

interface KeyParameters {
  readonly organizationId: string;
  readonly key: string;
}

interface Kept {
  readonly fingerprint: Buffer;
  readonly answer: object;
}

interface KeepParameters extends KeyParameters, Kept {}

export const FIND_ANSWER = statement<KeyParameters, Kept>({
  sql: `
  select fingerprint, answer from idempotency_keys
   where organization_id = :organizationId and key = :key and created_at > clock_timestamp() - ${KEPT}`,
  parameters: { organizationId: text, key: text },
  columns: { fingerprint: bytes, answer: json },
});

/** A key that has had its time begins anew; one of another request stays. */
export const KEEP_ANSWER = statement<KeepParameters, object>({
  sql: `
  insert into idempotency_keys as known (organization_id, key, fingerprint, answer, created_at)
  values (:organizationId, :key, :fingerprint, :answer, clock_timestamp())
  on conflict (organization_id, key) do update
     set fingerprint = excluded.fingerprint, answer = excluded.answer,
         created_at = case when known.created_at > clock_timestamp() - ${KEPT} then known.created_at
                           else excluded.created_at end
   where known.fingerprint = excluded.fingerprint or known.created_at <= clock_timestamp() - ${KEPT}`,
  parameters: { organizationId: text, key: text, fingerprint: bytes, answer: json },
  columns: {},
});

/** Deletes keys that have had their time, some at a time. */
export const FORGET_OLD = statement<{ readonly limit: number }, object>({
  sql: `
  with old as (
    select ctid from idempotency_keys where created_at <= clock_timestamp() - ${KEPT}
     order by created_at limit :limit for update skip locked
  ), deleted as (
    delete from idempotency_keys where ctid = any (array(select ctid from old)) returning 1
  ) select from deleted`,
  parameters: { limit: count },
  columns: {},
});

/** Held until the transaction ends. */
export const TAKE_TURN = statement<KeyParameters, { readonly isFirst: boolean }>({
  sql: `select pg_try_advisory_xact_lock(hashtextextended(:organizationId || ' ' || :key, 0)) as "isFirst"`,
  parameters: { organizationId: text, key: text },
  columns: { isFirst: boolean },
});
