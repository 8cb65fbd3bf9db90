import { boolean, bytes, count, double, integer, listOf, statement, text, timestamp } from '../shared/statement.js';
import type { NewKey, ValidKey } from './api-keys.service.js';

interface InsertParameters extends NewKey {
  readonly id: string;
  /** The first 16 characters. */
  readonly beginning: string;
  readonly hash: Buffer;
}

export const INSERT_KEY = statement<InsertParameters, object>({
  sql: `
  insert into api_keys (id, organization_id, name, beginning, hash, scopes, expires_at)
  values (:id, :organizationId, :name, :beginning, :hash, :scopes, :expiresAt)`,
  parameters: {
    id: text,
    organizationId: text,
    name: text,
    beginning: text,
    hash: bytes,
    scopes: listOf(text),
    expiresAt: timestamp,
  },
  columns: {},
});

const IN_FORCE = 'revoked_at is null and (expires_at is null or expires_at > clock_timestamp())';

export const FIND_KEY_IN_FORCE = statement({
  sql: `select from api_keys where id = :id and ${IN_FORCE}`,
  parameters: { id: text },
  columns: {},
});

/** A key that is in force, as it was found. */
export interface FoundKey extends ValidKey {
  readonly hash: Buffer;
  readonly wasJustUsed: boolean;
  /** Null: never. */
  readonly expiresInMs: number | null;
}

export const FIND_KEY = statement<{ readonly hashes: readonly Buffer[] }, FoundKey>({
  sql: `
  select id, organization_id as "organizationId", scopes, hash,
         coalesce(last_used_at > clock_timestamp() - interval '1 minute', false) as "wasJustUsed",
         extract(epoch from expires_at - clock_timestamp())::double precision * 1000 as "expiresInMs"
    from api_keys where hash = any (:hashes) and ${IN_FORCE}`,
  parameters: { hashes: listOf(bytes) },
  columns: {
    id: text,
    organizationId: text,
    scopes: listOf(text),
    hash: bytes,
    wasJustUsed: boolean,
    expiresInMs: double,
  },
});

/** Of the hashes of all keys in force. */
export const LIST_BEGINNINGS = statement({
  sql: `select substr(hash, 1, :beginningBytes) as beginning from api_keys where ${IN_FORCE} limit :limit`,
  parameters: { beginningBytes: integer, limit: count },
  columns: { beginning: bytes },
});

export const REVOKE_KEY = statement({
  sql: 'update api_keys set revoked_at = clock_timestamp() where id = :id and revoked_at is null returning id',
  parameters: { id: text },
  columns: { id: text },
});

export const HASH_ANEW = statement({
  sql: 'update api_keys set hash = :hash where id = :id and hash = :before',
  parameters: { id: text, before: bytes, hash: bytes },
  columns: {},
});

/** At most once a minute, whoever else does the same. */
export const RECORD_USE = statement({
  sql: `
  update api_keys set last_used_at = clock_timestamp() from (
    select id from api_keys
     where id = :id and (last_used_at is null or last_used_at <= clock_timestamp() - interval '1 minute')
       for update skip locked
  ) as due where api_keys.id = due.id`,
  parameters: { id: text },
  columns: {},
});
