import { Injectable, NotFoundException, UseFilters, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidSignatureError } from '../../calling/dialers/invalid-signature.error.js';
import { TwilioCallbacks } from '../../calling/twilio-callbacks.js';
import { InvalidInputError } from '../http/api.errors.js';
import { refuseCoding } from '../http/body-announcement.js';
import { endWhenSilent } from '../http/body-silence.js';
import { keepNowhere } from '../http/entrance.middleware.js';
import { MiddlewareProblemFilter } from '../http/middleware-problem.filter.js';

/** A status callback has about a thousand bytes. */
const MAX_CALLBACK_BYTES = 64 * 1024;

/**
 * Judges what can be judged before the body is read: a stranger shall not have ten megabytes parsed, and where calls
 * are not placed with Twilio there is no such route.
 */
@Injectable()
@UseFilters(new MiddlewareProblemFilter())
export class TwilioCallbackMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  constructor(private readonly callbacks: TwilioCallbacks) {}

  use(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const { headers } = request;
    keepNowhere(response);
    if (!this.callbacks.areExpected) throw new NotFoundException();
    if (headers['x-twilio-signature'] === undefined) throw new InvalidSignatureError();
    // Without a length it could be any.
    if (!(Number(headers['content-length']) <= MAX_CALLBACK_BYTES)) throw tooLarge();
    refuseCoding(request);
    endWhenSilent(request, response);
    next();
  }
}

const tooLarge = (): InvalidInputError =>
  new InvalidInputError(
    'payload_too_large',
    `A status callback must say its length, and have at most ${MAX_CALLBACK_BYTES} bytes.`,
  );
