import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { invalidInputs } from './api.errors.js';

const DETAIL = 'is not known here: this route takes no body, its parameters travel in the address.';

/** For routes without a body: a `timezone` sent in one and ignored would start a batch hours off. */
@Injectable()
export class NoBodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const names = namesIn(context.switchToHttp().getRequest<{ body?: unknown }>().body);
    if (names.length === 0) return next.handle();
    throw invalidInputs(names.map((parameter) => ({ parameter, detail: DETAIL })));
  }
}

const namesIn = (body: unknown): string[] => {
  if (body === undefined || body === null || body === '') return [];
  return typeof body === 'object' ? Object.keys(body) : ['body'];
};
