import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import { OutboundNumbers, type OutboundNumber } from '../shared/platform.js';
import { PhoneNumber } from './phone-number.entity.js';

/** The numbers of our own table: what a standalone service uses. */
@Injectable()
export class StoredOutboundNumbers extends OutboundNumbers {
  constructor(private readonly database: Database) {
    super();
  }

  async find(organizationId: string, id: string): Promise<OutboundNumber | null> {
    const number = await this.database.read((manager) => manager.findOneBy(PhoneNumber, { organizationId, id }));
    if (!number) return null;
    const isTextOnly = number.outboundAgentChannel === 'text';
    const { phoneNumber } = number;
    return { id, phoneNumber, outboundAgentId: isTextOnly ? null : number.outboundAgentId, isTextOnly };
  }
}
