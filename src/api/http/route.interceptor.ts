import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { tap, type Observable } from 'rxjs';

/**
 * Puts the `etag` of an answer into the header as well.
 *
 * The tag is of the job's row, and the counts of its contacts move without it: whoever keeps an answer must not take it for
 * fresh because the tag is the same, so nothing is stored.
 */
@Injectable()
export class EntityTagInterceptor implements NestInterceptor {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    return next.handle().pipe(
      tap((body) => {
        const { etag } = (body ?? {}) as { etag?: unknown };
        if (typeof etag !== 'string') return;
        const response: unknown = context.switchToHttp().getResponse();
        this.adapterHost.httpAdapter.setHeader(response, 'ETag', etag);
        this.adapterHost.httpAdapter.setHeader(response, 'Cache-Control', 'no-store');
      }),
    );
  }
}
