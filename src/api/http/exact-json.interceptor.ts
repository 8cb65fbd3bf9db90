import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { hasExactNumber, stringifyExactly } from '../../shared/exact-json.js';

/**
 * Writes an answer with the numbers of contacts as they were uploaded, where the adapter would round them or make
 * strings of them. Outside of what looks into an answer, as it makes text of it.
 */
@Injectable()
export class ExactJsonInterceptor implements NestInterceptor {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    return next.handle().pipe(
      map((body) => {
        if (!hasExactNumber(body)) return body;
        const response: unknown = context.switchToHttp().getResponse();
        this.adapterHost.httpAdapter.setHeader(response, 'Content-Type', 'application/json; charset=utf-8');
        return stringifyExactly(body);
      }),
    );
  }
}
