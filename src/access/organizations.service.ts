import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { newUlid } from '../shared/new-ulid.js';
import { Database } from '../shared/database.js';
import { Organization } from './organization.entity.js';
import { ADD_PHONE_NUMBER, ENSURE_ORGANIZATION, SET_CALL_LIMIT } from './organizations.statements.js';
import { allPages, PAGE_SIZE } from './pages.js';
import { PhoneNumber, type AgentChannel } from './phone-number.entity.js';

export interface NewPhoneNumber {
  /** Undefined: a new one. */
  readonly id?: string;
  readonly organizationId: string;
  /** E.164. */
  readonly phoneNumber: string;
  /** Null: the number takes calls only. */
  readonly outboundAgent: { readonly id: string; readonly channel: AgentChannel } | null;
}

/** Administers who may use the service and from which numbers. */
@Injectable()
export class OrganizationsService {
  constructor(private readonly database: Database) {}

  /** Makes the organization if there is none of that id. Repeating it changes nothing. */
  async ensure(id: string, name: string): Promise<void> {
    await this.database.run(ENSURE_ORGANIZATION, { id, name });
  }

  /**
   * Sets how many calls of all its batches may be in flight at one time; calls in progress go on when it is lowered.
   *
   * @param concurrentCallLimit 0–10,000; 0: none is placed
   * @returns false when there is no such organization
   */
  async setCallLimit(id: string, concurrentCallLimit: number): Promise<boolean> {
    const changed = await this.database.run(SET_CALL_LIMIT, { id, concurrentCallLimit });
    return changed.length > 0;
  }

  /** Every organization, by id. */
  list(): AsyncGenerator<Organization> {
    return allPages<Organization>((last) =>
      this.database.read((manager) =>
        manager.find(Organization, {
          ...(last && { where: { id: MoreThan(last.id) } }),
          order: { id: 'ASC' },
          take: PAGE_SIZE,
        }),
      ),
    );
  }

  /** Adds a number, or does nothing when the id is taken. @returns its id, or null when that is taken */
  async addPhoneNumber({ id = `phone_${newUlid()}`, ...number }: NewPhoneNumber): Promise<string | null> {
    const { organizationId, phoneNumber, outboundAgent } = number;
    const [agentId, agentChannel] = [outboundAgent?.id ?? null, outboundAgent?.channel ?? null];
    const added = await this.database.run(ADD_PHONE_NUMBER, { id, organizationId, phoneNumber, agentId, agentChannel });
    return added.length > 0 ? id : null;
  }

  /** Every number, by organization and id. */
  listPhoneNumbers(): AsyncGenerator<PhoneNumber> {
    return allPages<PhoneNumber>((last) =>
      this.database.read((manager) =>
        manager.find(PhoneNumber, {
          ...(last && {
            where: [
              { organizationId: last.organizationId, id: MoreThan(last.id) },
              { organizationId: MoreThan(last.organizationId) },
            ],
          }),
          order: { organizationId: 'ASC', id: 'ASC' },
          take: PAGE_SIZE,
        }),
      ),
    );
  }
}
