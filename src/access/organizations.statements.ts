import { integer, statement, text } from '../shared/statement.js';
import type { AgentChannel } from './phone-number.entity.js';

export const ENSURE_ORGANIZATION = statement({
  sql: 'insert into organizations (id, name) values (:id, :name) on conflict (id) do nothing',
  parameters: { id: text, name: text },
  columns: {},
});

export const SET_CALL_LIMIT = statement({
  sql: 'update organizations set concurrent_call_limit = :concurrentCallLimit where id = :id returning id',
  parameters: { id: text, concurrentCallLimit: integer },
  columns: { id: text },
});

interface NumberParameters {
  readonly id: string;
  readonly organizationId: string;
  /** E.164. */
  readonly phoneNumber: string;
  /** Null, both: the number takes calls only. */
  readonly agentId: string | null;
  readonly agentChannel: AgentChannel | null;
}

/** No row: the id is taken. */
export const ADD_PHONE_NUMBER = statement<NumberParameters, { readonly id: string }>({
  sql: `
  insert into phone_numbers (id, organization_id, phone_number, outbound_agent_id, outbound_agent_channel)
  values (:id, :organizationId, :phoneNumber, :agentId, :agentChannel) on conflict (id) do nothing returning id`,
  parameters: { id: text, organizationId: text, phoneNumber: text, agentId: text, agentChannel: text },
  columns: { id: text },
});
