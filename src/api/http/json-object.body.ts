import { Injectable } from '@nestjs/common';
import { isJsonObject } from '../../shared/exact-json.js';
import { notAnObject, UnsupportedMediaTypeError } from './api.errors.js';
import { canonical, digestOf, keepBodyDigest } from './body-digest.js';
import { rawRequest } from './raw-request.js';
import { RequestBody, type Exchange } from './request.body.js';

/**
 * For routes whose body is a JSON object: refuses everything else, before its fields are judged.
 *
 * @throws unsupported_media_type  the body is something else than JSON
 * @throws invalid_request         the JSON is no object, or there is no body
 */
@Injectable()
export class JsonObjectBody extends RequestBody {
  take({ request }: Exchange): undefined {
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') throw new UnsupportedMediaTypeError("Send the body as 'application/json'.");
    const { body } = request;
    if (!isJsonObject(body)) throw notAnObject();
    keepBodyDigest(rawRequest(request), () => digestOf(canonical(body)));
  }
}
