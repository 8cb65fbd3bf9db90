import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Observable } from 'rxjs';
import { isJsonObject } from '../../shared/exact-json.js';
import { notAnObject, UnsupportedMediaTypeError } from './api.errors.js';
import { canonical, digestOf, keepBodyDigest } from './body-digest.js';
import { rawRequest, type AdapterRequest } from './raw-request.js';

type Request = AdapterRequest & { headers: IncomingMessage['headers']; body: unknown };

/**
 * For routes whose body is a JSON object: refuses everything else, before its fields are judged.
 *
 * @throws unsupported_media_type  the body is something else than JSON
 * @throws invalid_request         the JSON is no object, or there is no body
 */
@Injectable()
export class JsonBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') throw new UnsupportedMediaTypeError("Send the body as 'application/json'.");
    const { body } = request;
    if (!isJsonObject(body)) throw notAnObject();
    keepBodyDigest(rawRequest(request), digestOf(canonical(body)));
    return next.handle();
  }
}
