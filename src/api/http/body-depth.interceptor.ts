import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { refuseDepth } from './json-body.js';

/**
 * Judges how deep a parsed body is nested before anything looks into it.
 *
 * @throws invalid_request  deeper than 32 levels
 */
@Injectable()
export class BodyDepthInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    refuseDepth(context.switchToHttp().getRequest<{ body?: unknown }>().body);
    return next.handle();
  }
}
