import { Inject, Injectable, Logger } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { ulid } from 'ulid';
import { Database } from '../shared/database.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { ApiKey } from './api-key.entity.js';
import { hashApiKey, isApiKey, newApiKey } from './api-key.format.js';
import type { Scope } from './scopes.js';

/** Whose key it is and what it may do. */
export type ValidKey = Pick<ApiKey, 'id' | 'organizationId' | 'scopes'>;

export interface NewKey {
  readonly organizationId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null: never expires. */
  readonly expiresAt: Date | null;
}

/** Makes, judges and revokes API keys. */
@Injectable()
export class ApiKeysService {
  private readonly logger = new Logger(ApiKeysService.name);

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @returns the key itself, for the only time: it is stored as a hash */
  async create(key: NewKey): Promise<{ id: string; key: string }> {
    const id = `key_${ulid()}`;
    const secret = newApiKey();
    const hash = hashApiKey(secret, this.settings.apiKeyPepper);
    await this.database.query(
      `insert into api_keys (id, organization_id, name, hash, scopes, expires_at) values ($1, $2, $3, $4, $5, $6)`,
      [id, key.organizationId, key.name, hash, key.scopes, key.expiresAt],
    );
    return { id, key: secret };
  }

  /** @returns null for a key that is malformed, unknown, revoked or expired: a caller is not told which */
  async validate(key: string): Promise<ValidKey | null> {
    if (!isApiKey(key)) return null;
    const hash = hashApiKey(key, this.settings.apiKeyPepper);
    const [found] = await this.database.query<ValidKey & { hash: Buffer; wasJustUsed: boolean }>(
      `select id, organization_id as "organizationId", scopes, hash,
              coalesce(last_used_at > clock_timestamp() - interval '1 minute', false) as "wasJustUsed"
         from api_keys
        where hash = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`,
      [hash],
    );
    if (!found || !timingSafeEqual(found.hash, hash)) return null;
    if (!found.wasJustUsed) await this.recordUse(found.id);
    return { id: found.id, organizationId: found.organizationId, scopes: found.scopes };
  }

  /** Whether a key that was valid still is: not revoked, not expired. */
  async isInForce(id: string): Promise<boolean> {
    const found = await this.database.query<unknown>(
      `select from api_keys
        where id = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`,
      [id],
    );
    return found.length > 0;
  }

  /** Every key, newest first; without the hashes. */
  async list(): Promise<Omit<ApiKey, 'hash' | 'organization'>[]> {
    return this.database.read((manager) =>
      manager.find(ApiKey, {
        select: {
          id: true,
          organizationId: true,
          name: true,
          scopes: true,
          expiresAt: true,
          revokedAt: true,
          lastUsedAt: true,
          createdAt: true,
        },
        order: { createdAt: 'DESC', id: 'DESC' },
        take: 1_000,
      }),
    );
  }

  /** Ends a key at once. @returns false when there is no such key, or it was revoked before */
  async revoke(id: string): Promise<boolean> {
    const revoked = await this.database.query<unknown>(
      `with revoked as (
         update api_keys set revoked_at = clock_timestamp() where id = $1 and revoked_at is null returning id
       ) select id from revoked`,
      [id],
    );
    return revoked.length > 0;
  }

  /** At most once a minute, whoever else does the same; a use that cannot be noted is a use all the same. */
  private async recordUse(id: string): Promise<void> {
    const noting = this.database.query(
      `update api_keys set last_used_at = clock_timestamp() from (
         select id from api_keys
          where id = $1 and (last_used_at is null or last_used_at <= clock_timestamp() - interval '1 minute')
            for update skip locked
       ) as due where api_keys.id = due.id`,
      [id],
    );
    await noting.catch((error: Error) => this.logger.warn('use of a key not noted', { keyId: id, reason: error.name }));
  }
}
