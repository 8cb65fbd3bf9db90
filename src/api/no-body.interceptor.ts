import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { InvalidInputError } from './api.errors.js';

const DETAIL = 'is not known here: this route takes no body, its parameters travel in the address.';

/** For routes without a body: a `timezone` sent in one and ignored would start a batch hours off. */
@Injectable()
export class NoBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { body } = context.switchToHttp().getRequest<{ body?: unknown }>();
    if (body === undefined || body === null || body === '') return next.handle();

    const names = typeof body === 'object' ? Object.keys(body).map((name) => name.slice(0, 64)) : ['body'];
    if (names.length === 0) return next.handle();
    const errors = names.map((parameter) => ({ parameter, detail: DETAIL }));
    throw new InvalidInputError('invalid_request', `'${names.join("', '")}' ${DETAIL}`, errors);
  }
}
