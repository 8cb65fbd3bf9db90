import { Injectable, Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { mergeMap, of, type Observable } from 'rxjs';
import { keyOf } from '../../access/authentication.middleware.js';
import { Idempotency } from '../../shared/idempotency.js';
import type { IdempotentRequest } from '../../shared/idempotent-request.js';
import { InvalidInputError } from './api.errors.js';
import { bodyDigestOf, digestOf } from './body-digest.js';
import { rawRequest, type AdapterRequest } from './raw-request.js';
import { BOUNDS } from './bounds.js';

/** A class of answers, as far as it makes them of what a service returns. */
export interface AnswerClass {
  of(result: unknown): object;
}

/** What a write answers with. Every route that uses the interceptor names it. */
export const AnswersWith = Reflector.createDecorator<AnswerClass>();

/** Visible characters or spaces: what may stand in a header without being encoded. */
const KEY = new RegExp(`^[\\x20-\\x7e]{1,${BOUNDS.idempotencyKey}}$`);

const requests = new WeakMap<IncomingMessage, IdempotentRequest>();

/** The name that the caller gave the request, as far as the interceptor has read it. */
export const idempotentRequestOf = (request: AdapterRequest): IdempotentRequest | undefined =>
  requests.get(rawRequest(request));

/**
 * Answers a request with an `Idempotency-Key` that was carried out before as it was answered then.
 *
 * The one mechanism of every write. It runs when the body has been read, and leaves to the change's own transaction to
 * write the key (`Idempotency.once`); what was truly answered replaces the answer written there.
 *
 * @throws invalid_request          the key is empty, too long or has other characters
 * @throws idempotency_key_reused   the key belongs to another request
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger(IdempotencyInterceptor.name);

  constructor(
    private readonly idempotency: Idempotency,
    private readonly reflector: Reflector,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler<object>): Promise<Observable<object>> {
    const http = context.switchToHttp();
    const request = http.getRequest<AdapterRequest>();
    const key = readKey(rawRequest(request));
    if (key === undefined) return next.handle();

    const { organizationId } = keyOf(request);
    const answerClass = this.reflector.get(AnswersWith, context.getHandler());
    const named = { key, fingerprint: fingerprintOf(request), toAnswer: (result: unknown) => answerClass.of(result) };
    const kept = await this.idempotency.findAnswer(organizationId, named);
    if (kept) {
      this.adapterHost.httpAdapter.setHeader(http.getResponse(), 'Idempotency-Replayed', 'true');
      return of(kept);
    }
    requests.set(rawRequest(request), named);
    return next.handle().pipe(mergeMap((body) => this.keep(organizationId, named, body)));
  }

  /** When this fails, the answer written with the change stays: it says the same but for what Redis said. */
  private async keep(organizationId: string, named: IdempotentRequest, body: object): Promise<object> {
    await this.idempotency
      .keepAnswer(organizationId, named, body)
      .catch((error: Error) => this.logger.warn('answer not kept', { reason: error.name }));
    return body;
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
