import type { OutboundCall } from '../../src/calling/dialer.js';

/** A call that is fine as it is. What is undefined counts as not given. */
export const anOutboundCall = (fields: Partial<OutboundCall> = {}): OutboundCall => ({
  callId: 'call_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  organizationId: 'org_a',
  batchJobId: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  contactId: 'contact_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  agentId: 'agent_a',
  fromPhoneNumberId: 'phone_a',
  fromPhoneNumber: '+12025550100',
  toPhoneNumber: '+12025550123',
  contactData: { phone: '+12025550123', name: 'Ada' },
  attempt: 1,
  maxAttempts: 3,
  maxCallSeconds: 3_600,
  ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
});
