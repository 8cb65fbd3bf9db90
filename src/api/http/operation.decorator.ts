import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtension,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  type ApiResponseOptions,
  getSchemaPath,
} from '@nestjs/swagger';
import { RequireScope } from '../../access/scope.guard.js';
import type { Scope } from '../../access/scopes.js';
import type { DomainError, ErrorCode } from '../../shared/domain-error.js';
import { InsufficientScopeError } from '../../access/access.errors.js';
import { answerHeaders, ETAG_HEADER, REPLAYED_HEADER } from './answer.headers.js';
import { problemExamples } from './problem.examples.js';
import { ProblemResponse } from './problem.response.js';
import { IDEMPOTENCY_KEY_HEADER, IF_MATCH_HEADER } from './write.headers.js';
import { HTTP_MEANING } from './error-status.js';
import type { AnswerClass } from './repeated-writes.js';
import type { RequestBody } from './request.body.js';
import { failureOf, Route } from './route.interceptor.js';

/** An answer, or a body, as it may look. */
interface Example<T> {
  readonly summary: string;
  readonly value: T;
}

/** An answer that is no JSON: text of another media type. */
export class MediaAnswer {
  constructor(
    /** `'text/csv'` */
    readonly mediaType: string,
    readonly example: string,
    /** Beyond those that every answer has. */
    readonly headers: NonNullable<ApiResponseOptions['headers']> = {},
  ) {}
}

interface OperationFacts {
  /** At most eight words, a verb first: `'Reschedule batch job'`. */
  readonly summary: string;
  /** At most two sentences: a third names the scope. */
  readonly description: string;
  readonly scope: Scope;
  /** Of a write, with a static `of` that makes it of what the service returns. */
  readonly answer: Type | MediaAnswer;
  /** What it means that the call succeeded. */
  readonly answered: string;
  /** Answers to show, by name. Undefined: one, put together from the examples of its fields. */
  readonly answers?: Readonly<Record<string, Example<object>>>;
  /** The answer carries the tag of a job, `etag`. @default false */
  readonly isTagged?: boolean;
  /** Undefined: the route only reads. */
  readonly writes?: WriteFacts;
  /** Codes of this route; those that every route has are added. */
  readonly errors: readonly ErrorCode[];
  /** Errors to show where those of `problem.examples.ts` are not what this route says. */
  readonly examples?: readonly DomainError[];
}

interface WriteFacts {
  readonly body: Type<RequestBody>;
  /** It changes a job that is there: `If-Match` can name which. @default false */
  readonly ofTagged?: boolean;
  /** Carried out twice at once it does no more than once, so that nobody has to wait for the other. @default false */
  readonly isHarmless?: boolean;
}

const OF_EVERY_ROUTE: readonly ErrorCode[] = [
  'invalid_api_key',
  'insufficient_scope',
  'rate_limited',
  'internal_error',
  'unavailable',
  'invalid_request',
];

/** One route: what it says in the document, the scope it asks for, the code it answers with, and how it writes. */
export const Operation = (facts: OperationFacts): MethodDecorator => {
  const { summary, description, scope, answer, answered, answers, isTagged, writes, errors, examples = [] } = facts;
  const shown = [...examples, new InsufficientScopeError(scope), failureOf(summary, null)];
  return applyDecorators(
    HttpCode(200),
    Route({
      summary,
      isJson: !(answer instanceof MediaAnswer),
      ...(writes && { write: { body: writes.body, answer: answer as unknown as AnswerClass } }),
    }),
    RequireScope(scope),
    ApiOperation({ summary, description: `${description}\n\nNeeds a key with the scope \`${scope}\`.` }),
    ApiOkResponse({
      ...(answer instanceof MediaAnswer ? { content: contentOf(answer) } : { type: answer }),
      description: answered,
      headers: {
        ...answerHeaders(200),
        ...(isTagged && ETAG_HEADER),
        ...(writes && REPLAYED_HEADER),
        ...(answer instanceof MediaAnswer && answer.headers),
      },
      ...(answers && { examples: answers }),
    }),
    ApiProblems([...errors, ...(writes ? writeErrors(writes) : []), ...OF_EVERY_ROUTE], shown),
    ...(writes ? [ApiHeader(IDEMPOTENCY_KEY_HEADER)] : []),
    ...(writes?.ofTagged ? [ApiHeader(IF_MATCH_HEADER)] : []),
  );
};

const contentOf = ({ mediaType, example }: MediaAnswer) => ({
  [mediaType]: { schema: { type: 'string' }, example },
});

/** Codes of every route that a body can be sent to. */
export const OF_EVERY_BODY: readonly ErrorCode[] = ['request_timeout', 'payload_too_large', 'unsupported_media_type'];

const writeErrors = ({ ofTagged, isHarmless }: WriteFacts): ErrorCode[] => [
  ...(isHarmless ? [] : (['idempotency_in_progress'] as const)),
  'idempotency_key_reused',
  ...OF_EVERY_BODY,
  ...(ofTagged ? (['version_mismatch'] as const) : []),
];

/** The codes that a route may fail with, by status. */
export const ApiProblems = (codes: readonly ErrorCode[], examples: readonly DomainError[]): MethodDecorator => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = HTTP_MEANING[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ApiExtraModels(ProblemResponse),
    ...[...byStatus].map(([status, ofStatus]) => ApiProblem(status, ofStatus, examples)),
  );
};

const ApiProblem = (status: number, codes: readonly ErrorCode[], examples: readonly DomainError[]): MethodDecorator =>
  ApiResponse({
    status,
    description: codes.map((code) => `[\`${code}\`](/docs/errors#${code})`).join(', '),
    headers: answerHeaders(status),
    content: {
      'application/problem+json': {
        schema: { $ref: getSchemaPath(ProblemResponse) },
        examples: Object.assign({}, ...codes.map((code) => problemExamples(code, examples))),
      },
    },
  });

/** Where `Bodies` leaves its content for `openapi.ts`. */
export const BODY_CONTENT = 'x-body-content';

interface Body {
  readonly type: Type;
  readonly examples?: Readonly<Record<string, Example<object>>>;
}

/** Bodies by media type. `@ApiBody` would put the same under each, which is left for documents that a host makes. */
export const Bodies = (bodies: Readonly<Record<string, Body>>): MethodDecorator => {
  const types = Object.values(bodies).map(({ type }) => type);
  const content = Object.entries(bodies).map(([mediaType, { type, examples }]) => [
    mediaType,
    { schema: { $ref: getSchemaPath(type) }, ...(examples && { examples }) },
  ]);
  return applyDecorators(
    ApiConsumes(...Object.keys(bodies)),
    ApiExtraModels(...types),
    ApiBody({ schema: { oneOf: types.map((type) => ({ $ref: getSchemaPath(type) })) } }),
    ApiExtension(BODY_CONTENT, Object.fromEntries(content)),
  );
};
