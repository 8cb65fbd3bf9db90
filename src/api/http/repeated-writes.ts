import { Injectable, Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { keyOf } from '../../access/authentication.js';
import { Idempotency } from '../../shared/idempotency.js';
import type { IdempotentRequest } from '../../shared/idempotent-request.js';
import { InvalidInputError } from './api.errors.js';
import { bodyDigestOf, digestOf } from './body-digest.js';
import { BOUNDS } from './bounds.js';
import { rawRequest, type AdapterRequest } from './raw-request.js';

/** A class of answers, as far as it makes them of what a service returns. */
export interface AnswerClass {
  of(result: unknown): object;
}

/** A write that its caller gave a name. */
export interface NamedWrite {
  readonly organizationId: string;
  readonly request: IdempotentRequest;
}

/** Visible characters or spaces: what may stand in a header without being encoded. */
const KEY = new RegExp(`^[\\x20-\\x7e]{1,${BOUNDS.idempotencyKey}}$`);

const requests = new WeakMap<IncomingMessage, IdempotentRequest>();

/** The name that the caller gave the request, as far as it was read. */
export const idempotentRequestOf = (request: AdapterRequest): IdempotentRequest | undefined =>
  requests.get(rawRequest(request));

/**
 * Answers a request with an `Idempotency-Key` that was carried out before as it was answered then.
 *
 * The one mechanism of every write. It is asked when the body has been read, and leaves to the change's own transaction
 * to write the key (`Idempotency.once`); what was truly answered replaces the answer written there.
 */
@Injectable()
export class RepeatedWrites {
  private readonly logger = new Logger(RepeatedWrites.name);

  constructor(private readonly idempotency: Idempotency) {}

  /**
   * @returns undefined when the caller gave it no name
   * @throws invalid_request  the key is empty, too long or has other characters
   */
  named(request: AdapterRequest, answerClass: AnswerClass): NamedWrite | undefined {
    const raw = rawRequest(request);
    const key = readKey(raw);
    if (key === undefined) return undefined;
    const toAnswer = (result: unknown) => answerClass.of(result);
    const named = { key, fingerprint: fingerprintOf(request), toAnswer };
    requests.set(raw, named);
    return { organizationId: keyOf(raw).organizationId, request: named };
  }

  /**
   * @returns what it was answered; null when it was not carried out
   * @throws idempotency_key_reused  the key belongs to another request
   */
  findAnswer({ organizationId, request }: NamedWrite): Promise<object | null> {
    return this.idempotency.findAnswer(organizationId, request);
  }

  /**
   * When this fails, the answer written with the change stays: it says the same but for what Redis said.
   *
   * @returns the answer
   */
  async keepAnswer({ organizationId, request }: NamedWrite, answer: object): Promise<object> {
    await this.idempotency
      .keepAnswer(organizationId, request, answer)
      .catch((error: Error) => this.logger.warn('answer not kept', { reason: error.name }));
    return answer;
  }
}

const readKey = ({ headers }: IncomingMessage): string | undefined => {
  const key = headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && KEY.test(key))) return key;
  const detail = `must have 1 to ${BOUNDS.idempotencyKey} characters, visible ASCII or spaces. A UUID will do.`;
  throw new InvalidInputError('invalid_request', `'Idempotency-Key' ${detail}`, [
    { parameter: 'Idempotency-Key', detail },
  ]);
};

/** Method, path, query, body, and which job is meant. The order of query parameters says nothing. */
const fingerprintOf = (request: AdapterRequest): Buffer => {
  const raw = rawRequest(request);
  const { originalUrl = raw.url ?? '' } = request as { originalUrl?: string };
  const { pathname, searchParams } = new URL(originalUrl, 'http://any');
  searchParams.sort();
  const { 'if-match': ifMatch } = raw.headers;
  const meant = ifMatch === undefined ? [] : [ifMatch];
  return digestOf(raw.method ?? '', pathname, searchParams.toString(), bodyDigestOf(raw) ?? '', ...meant);
};
