import { Injectable, UseFilters, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Authentication } from '../../access/authentication.js';
import { refuseCoding, refuseForm, refuseLength } from './body-announcement.js';
import { endWhenSilent } from './body-silence.js';
import { MiddlewareProblemFilter } from './middleware-problem.filter.js';

/** The one route whose body is a list. */
export const ROUTE_OF_LISTS = '/batch/create';

/** Under any prefix; Express knows no case, and lets a slash follow. */
const TAKES_LIST = new RegExp(`${ROUTE_OF_LISTS}/?(?:\\?|$)`, 'i');

/** Answers hold numbers and names of people, which no cache may keep. */
export const keepNowhere = (response: ServerResponse): void => void response.setHeader('Cache-Control', 'no-store');

/**
 * What a request behind a key passes before its body is read, where the adapter lets a middleware in so early (Fastify),
 * else before it is looked at: who asks, how often, and what the headers say of the body. A middleware and not a guard,
 * because adapters read the body before guards are asked: a stranger shall neither upload ten megabytes nor learn whether
 * his JSON parses. One and not several, because each is compared with the path of every request once for each route.
 *
 * @throws what `Authentication` throws
 * @throws unsupported_media_type  the body is compressed; or a form, where it is no list
 * @throws payload_too_large       it is longer than 64 KB, where it is no list
 */
@Injectable()
@UseFilters(new MiddlewareProblemFilter())
export class EntranceMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  constructor(private readonly authentication: Authentication) {}

  async use(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    keepNowhere(response);
    await this.authentication.letIn(request, response);
    refuseCoding(request);
    endWhenSilent(request, response);
    if (!takesList(request)) {
      refuseLength(request);
      refuseForm(request);
    }
    next();
  }
}

/** Under Fastify, Nest's middleware sees `url` without the path it is mounted on. */
const takesList = (request: IncomingMessage & { readonly originalUrl?: string }): boolean =>
  request.method === 'POST' && TAKES_LIST.test(request.originalUrl ?? request.url ?? '');
