import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Observable } from 'rxjs';
import { InvalidInputError, invalidForm } from './api.errors.js';
import { digestOf, keepBodyDigest } from './body-digest.js';
import { rawRequest, type AdapterRequest } from './raw-request.js';

type Request = AdapterRequest & { headers: IncomingMessage['headers']; body: unknown };

/** For routes that take a JSON object and nothing else; its fields are judged by the pipe. */
@Injectable()
export class JsonBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    const { headers, body } = request;
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') throw notJson();
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw invalidForm('The body must be a JSON object.');
    }
    keepBodyDigest(rawRequest(request), digestOf(JSON.stringify(body)));
    return next.handle();
  }
}

/** A body of another kind, or none. */
export const notJson = (): InvalidInputError =>
  new InvalidInputError('unsupported_media_type', "Send the body as 'application/json'.");
