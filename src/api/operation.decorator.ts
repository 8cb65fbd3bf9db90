import {
  applyDecorators,
  CallHandler,
  type ExecutionContext,
  HttpCode,
  HttpException,
  Injectable,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { catchError, type Observable, throwError } from 'rxjs';
import { RequireScope } from '../access/scope.guard.js';
import type { Scope } from '../access/scopes.js';
import { DomainError, type ErrorCode } from '../shared/domain-error.js';
import { InternalError } from './api.errors.js';
import { HTTP_MEANING } from './error-status.js';
import { ProblemResponse } from './dto/problem.response.js';

interface OperationFacts {
  /** At most eight words, a verb first: `'Reschedule batch job'`. */
  readonly summary: string;
  readonly description: string;
  readonly scope: Scope;
  readonly answer: Type;
  /** Codes of this route; those that every route has are added. */
  readonly errors: readonly ErrorCode[];
}

const OF_EVERY_ROUTE: readonly ErrorCode[] = [
  'invalid_api_key',
  'insufficient_scope',
  'rate_limited',
  'internal_error',
  'unavailable',
  'invalid_request',
];

const Summary = Reflector.createDecorator<string>();

/** One route: what it says in the document, the scope it asks for and the code it answers with. */
export const Operation = ({ summary, description, scope, answer, errors }: OperationFacts): MethodDecorator => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...errors, ...OF_EVERY_ROUTE]) {
    const { status } = HTTP_MEANING[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    HttpCode(200),
    Summary(summary),
    RequireScope(scope),
    ApiOperation({ summary, description: `${description}\n\nNeeds a key with the scope \`${scope}\`.` }),
    ApiOkResponse({ type: answer, description: 'Done.' }),
    ApiExtraModels(ProblemResponse),
    ...[...byStatus].map(([status, codes]) => ApiProblem(status, codes)),
  );
};

const ApiProblem = (status: number, codes: readonly ErrorCode[]): MethodDecorator =>
  ApiResponse({
    status,
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: {
      'application/problem+json': {
        schema: { $ref: getSchemaPath(ProblemResponse) },
        examples: Object.fromEntries(codes.map((code) => [code, { value: ProblemResponse.example(code) }])),
      },
    },
  });

/** Names what failed when it is our fault: `Failed to reschedule batch job`. */
@Injectable()
export class FailureInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const summary = this.reflector.get(Summary, context.getHandler());
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (error instanceof DomainError || error instanceof HttpException) return throwError(() => error);
        const failed = `Failed to ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`;
        return throwError(() => new InternalError(failed, error));
      }),
    );
  }
}
