/** A registered number as far as a batch needs to know it. */
export interface OutboundNumber {
  readonly id: string;
  /** E.164, for a dialer that must be told. Null when the platform's dialer knows it by the id. */
  readonly phoneNumber: string | null;
  /** The agent that speaks on outbound calls. Null when there is none, or when it cannot speak (text only). */
  readonly outboundAgentId: string | null;
  /** True when there is an agent and it is text-only: the reason for a null above. */
  readonly isTextOnly: boolean;
}

/**
 * The numbers an organization may call from. A host application that keeps its own provides its own; the default reads
 * our table.
 */
export abstract class OutboundNumbers {
  /** @returns null when the organization has no such number */
  abstract find(organizationId: string, phoneNumberId: string): Promise<OutboundNumber | null>;
}

/** What a credit check found, in US dollars. */
export interface CreditStatement {
  readonly isEnough: boolean;
  readonly availableDollars: number;
}

/** Asks the platform whether an organization can pay for a batch. The default says yes to everything. */
export abstract class CreditCheck {
  abstract check(organizationId: string, requiredDollars: number): Promise<CreditStatement>;
}

/** Injection token of the name of what places calls, `string | null`; null: nothing does. */
export const DIALER_NAME = Symbol('batch-jobs dialer name');
