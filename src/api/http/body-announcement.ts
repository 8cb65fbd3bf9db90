import { Injectable, UseFilters, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyTooLargeError, UnsupportedCodingError, UnsupportedMediaTypeError } from './api.errors.js';
import { endWhenSilent } from './body-silence.js';
import { FORM } from './form-pass-through.js';
import { MAX_BODY_BYTES } from './json-body.js';
import { MiddlewareProblemFilter } from './middleware-problem.filter.js';

/**
 * Judges what the headers say of a body, and sees that it arrives. Before it is read where the adapter lets a
 * middleware in so early (Fastify), else before it is looked at.
 *
 * @throws unsupported_media_type  it is compressed
 */
@Injectable()
@UseFilters(new MiddlewareProblemFilter())
export class BodyMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  use(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const { 'content-encoding': coding = 'identity' } = request.headers;
    if (coding.trim().toLowerCase() !== 'identity') throw new UnsupportedCodingError();
    endWhenSilent(request, response);
    next();
  }
}

/**
 * For every route but the one that takes a list.
 *
 * @throws payload_too_large       it is longer than 64 KB
 * @throws unsupported_media_type  it is a form, which nobody would read
 */
@Injectable()
@UseFilters(new MiddlewareProblemFilter())
export class ShortBodyMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  use({ headers }: IncomingMessage, _response: ServerResponse, next: () => void): void {
    if (Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw new BodyTooLargeError(MAX_BODY_BYTES);
    if (headers['content-type']?.toLowerCase().startsWith(FORM)) throw new UnsupportedMediaTypeError(NO_FORM);
    next();
  }
}

const NO_FORM = "This route takes no form. Send a body, where it takes one, as 'application/json'.";
