/** A request that its caller named, so that sending it again changes nothing. */
export interface IdempotentRequest {
  /** 1–255 characters, unique within the organization for 24 hours. */
  readonly key: string;
  /** SHA-256 of all that makes up the request. */
  readonly fingerprint: Buffer;
  /** The body to answer with, of what the service returns. */
  toAnswer(result: unknown): object;
}
