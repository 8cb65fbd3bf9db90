import { Inject, Injectable, Logger } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { LessThan } from 'typeorm';
import { newUlid } from '../shared/new-ulid.js';
import { Database } from '../shared/database.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { ApiKey } from './api-key.entity.js';
import { beginningOf, hashApiKey, isApiKey, newApiKey } from './api-key.format.js';
import {
  FIND_KEY,
  FIND_KEY_IN_FORCE,
  HASH_ANEW,
  INSERT_KEY,
  RECORD_USE,
  REVOKE_KEY,
  type FoundKey,
} from './api-keys.statements.js';
import { KnownKeys } from './known-keys.js';
import { allPages, PAGE_SIZE } from './pages.js';
import { RecentKeys } from './recent-keys.js';
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

/** A key as it may be shown. */
export type ShownKey = Omit<ApiKey, 'hash' | 'organization'>;

/** Makes, judges and revokes API keys. */
@Injectable()
export class ApiKeysService {
  private readonly logger = new Logger(ApiKeysService.name);
  private readonly known: KnownKeys;
  private readonly recent = new RecentKeys();

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'apiKeyPepper' | 'apiKeyPepperPrevious'>,
  ) {
    this.known = new KnownKeys(database);
  }

  /** @returns the key itself, for the only time: it is stored as a hash */
  async create(key: NewKey): Promise<{ id: string; key: string }> {
    const id = `key_${newUlid()}`;
    const secret = newApiKey();
    const hash = hashApiKey(secret, this.settings.apiKeyPepper);
    await this.database.run(INSERT_KEY, { ...key, id, beginning: beginningOf(secret), hash });
    return { id, key: secret };
  }

  /**
   * A key that is found under the previous pepper is kept under the present one from then on. What was found is good for a
   * second: in other processes than the one that revokes it, a key may work as long.
   *
   * @returns null for a key that is malformed, unknown, revoked or expired: a caller is not told which
   * @throws unavailable  PostgreSQL does not answer
   */
  async validate(key: string): Promise<ValidKey | null> {
    if (!isApiKey(key)) return null;
    const hashes = this.hashesOf(key);
    const recent = this.recent.find(hashes[0]);
    if (recent) return recent;

    const { moment } = this.recent;
    const found = (await this.known.mayHave(hashes)) ? await this.find(hashes) : undefined;
    if (!found) {
      this.known.noteFailure();
      return null;
    }
    if (!found.hash.equals(hashes[0])) await this.hashAnew(found, hashes[0]);
    if (!found.wasJustUsed) await this.recordUse(found.id);
    const valid = { id: found.id, organizationId: found.organizationId, scopes: found.scopes };
    this.recent.remember(hashes[0], valid, found.expiresInMs, moment);
    return valid;
  }

  /** Whether a key that was valid still is: not revoked, not expired. */
  async isInForce(id: string): Promise<boolean> {
    const found = await this.database.run(FIND_KEY_IN_FORCE, { id });
    return found.length > 0;
  }

  /** Every key, newest first; without the hashes. */
  list(): AsyncGenerator<ShownKey> {
    return allPages<ShownKey>((last) =>
      this.database.read((manager) =>
        manager.find(ApiKey, {
          select: {
            id: true,
            organizationId: true,
            name: true,
            beginning: true,
            scopes: true,
            expiresAt: true,
            revokedAt: true,
            lastUsedAt: true,
            createdAt: true,
          },
          ...(last && { where: { id: LessThan(last.id) } }),
          order: { id: 'DESC' }, // ULIDs: in the order in which they were made
          take: PAGE_SIZE,
        }),
      ),
    );
  }

  /** Ends a key: at once in this process, within a second in others. @returns false when there is no such key, or it was revoked before */
  async revoke(id: string): Promise<boolean> {
    const revoked = await this.database.run(REVOKE_KEY, { id });
    this.recent.forgetAll();
    return revoked.length > 0;
  }

  /** Under the pepper in force first. */
  private hashesOf(key: string): Buffer[] {
    const { apiKeyPepper, apiKeyPepperPrevious } = this.settings;
    const peppers = apiKeyPepperPrevious === null ? [apiKeyPepper] : [apiKeyPepper, apiKeyPepperPrevious];
    return peppers.map((pepper) => hashApiKey(key, pepper));
  }

  private async find(hashes: readonly Buffer[]): Promise<FoundKey | undefined> {
    const [found] = await this.database.run(FIND_KEY, { hashes });
    return hashes.some((hash) => found && timingSafeEqual(found.hash, hash)) ? found : undefined;
  }

  private async hashAnew({ id, hash: before }: FoundKey, hash: Buffer): Promise<void> {
    const changing = this.database.run(HASH_ANEW, { id, before, hash });
    await changing.catch((error: Error) => this.logger.warn('key not hashed anew', { keyId: id, reason: error.name }));
  }

  /** At most once a minute, whoever else does the same; a use that cannot be noted is a use all the same. */
  private async recordUse(id: string): Promise<void> {
    const noting = this.database.run(RECORD_USE, { id });
    await noting.catch((error: Error) => this.logger.warn('use of a key not noted', { keyId: id, reason: error.name }));
  }
}
