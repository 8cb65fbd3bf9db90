import {
  HttpException,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, Reflector } from '@nestjs/core';
import { catchError, finalize, identity, map, mergeMap, of, type Observable } from 'rxjs';
import { DomainError } from '../../shared/domain-error.js';
import { hasExactNumber, stringifyExactly } from '../../shared/exact-json.js';
import { InternalError } from './api.errors.js';
import { refuseDepth } from './json-body.js';
import { RepeatedWrites, type AnswerClass } from './repeated-writes.js';
import { RequestBody, type Exchange } from './request.body.js';

/** What a route is, as far as something is done around its handler. */
export interface RouteFacts {
  /** `'Reschedule batch job'` */
  readonly summary: string;
  /** It answers with JSON, and not with a stream of another media type. */
  readonly isJson: boolean;
  /** Undefined: it only reads. */
  readonly write?: { readonly body: Type<RequestBody>; readonly answer: AnswerClass };
}

/** Every route behind the interceptor has it. */
export const Route = Reflector.createDecorator<RouteFacts>();

export const failureOf = (summary: string, cause: unknown): InternalError =>
  new InternalError(`Failed to ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`, cause);

/**
 * All that is done around the handler of a route, in one pass: Nest wraps each interceptor into several observables,
 * which for half a dozen of them cost more than what they did (docs/decisions/0042-one-interceptor.md).
 *
 * On the way in it judges how deep the body is nested, has the body taken, and answers a write that was carried out before
 * under the same `Idempotency-Key` as it was answered then. On the way out it keeps such an answer, names what failed
 * when it is our fault, puts the `etag` of an answer into the header, and writes the numbers of contacts as they were uploaded.
 *
 * @throws invalid_request  the body is nested deeper than 32 levels
 * @throws what `RequestBody` and `RepeatedWrites` throw
 */
@Injectable()
export class RouteInterceptor implements NestInterceptor {
  private readonly bodies = new Map<Type<RequestBody>, RequestBody>();

  constructor(
    private readonly reflector: Reflector,
    private readonly modules: ModuleRef,
    private readonly repeated: RepeatedWrites,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler<object>): Promise<Observable<unknown>> {
    const route = this.reflector.get(Route, context.getHandler());
    const http = context.switchToHttp();
    const exchange = {
      request: http.getRequest<Exchange['request']>(),
      response: http.getResponse<Exchange['response']>(),
    };
    const { request, response } = exchange;
    const finish = map((answer: object) => (route.isJson ? this.finish(answer, response) : answer));
    const named = catchError((error: unknown) => {
      throw nameOf(error, route);
    });
    let letGo: (() => void) | undefined;
    try {
      refuseDepth(request.body);
      if (!route.write) return next.handle().pipe(finish, named);

      letGo = await this.bodyOf(route.write.body).take(exchange);
      const write = this.repeated.named(request, route.write.answer);
      const kept = write && (await this.repeated.findAnswer(write));
      if (kept) this.adapterHost.httpAdapter.setHeader(response, 'Idempotency-Replayed', 'true');
      const answers = kept ? of(kept) : next.handle();
      const keep = write && !kept ? mergeMap((answer: object) => this.repeated.keepAnswer(write, answer)) : identity;
      return answers.pipe(keep, finish, named, letGo ? finalize(letGo) : identity);
    } catch (error) {
      letGo?.();
      throw nameOf(error, route);
    }
  }

  private bodyOf(kind: Type<RequestBody>): RequestBody {
    const known = this.bodies.get(kind);
    if (known) return known;
    const found: RequestBody = this.modules.get(kind);
    this.bodies.set(kind, found);
    return found;
  }

  /**
   * The tag is of the job's row, and the counts of its contacts move without it: whoever keeps an answer must not take it
   * for fresh because the tag is the same, so nothing is stored. The adapter would round the numbers of contacts, or make strings of them.
   */
  private finish(answer: object, response: unknown): unknown {
    const { httpAdapter } = this.adapterHost;
    const { etag } = answer as { etag?: unknown };
    if (typeof etag === 'string') httpAdapter.setHeader(response, 'ETag', etag);
    if (!hasExactNumber(answer)) return answer;
    httpAdapter.setHeader(response, 'Content-Type', 'application/json; charset=utf-8');
    return stringifyExactly(answer);
  }
}

/** Names what failed when it is our fault: `Failed to reschedule batch job`. */
const nameOf = (error: unknown, { summary }: RouteFacts): unknown =>
  error instanceof DomainError || error instanceof HttpException ? error : failureOf(summary, error);
