import { Check, Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Organization } from './organization.entity.js';

export const AGENT_CHANNELS = ['voice', 'text'] as const;
export type AgentChannel = (typeof AGENT_CHANNELS)[number];

/** A number that an organization calls from, with the agent that speaks on outbound calls. */
@Entity('phone_numbers')
@Check('phone_numbers_channel_known', `outbound_agent_channel in ('voice', 'text')`)
@Check('phone_numbers_agent_has_channel', `(outbound_agent_id is null) = (outbound_agent_channel is null)`)
export class PhoneNumber {
  /** `phone_` and a ULID, or a short name such as `'phone_demo'`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'phone_numbers_pkey' }) readonly id: string;

  @Column({ name: 'organization_id', type: 'text' }) readonly organizationId: string;

  @ManyToOne(() => Organization, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'organization_id', foreignKeyConstraintName: 'phone_numbers_of_organization' })
  readonly organization?: Organization;

  /** E.164. */
  @Column({ name: 'phone_number', type: 'text' }) readonly phoneNumber: string;

  /** Null when the number only takes calls. */
  @Column({ name: 'outbound_agent_id', type: 'text', nullable: true }) readonly outboundAgentId: string | null;

  /** What the agent can do; a `text` agent cannot speak. Null without an agent. */
  @Column({ name: 'outbound_agent_channel', type: 'text', nullable: true })
  readonly outboundAgentChannel: AgentChannel | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  readonly createdAt: Date;
}
