import { HttpException, HttpStatus } from '@nestjs/common';
import { DomainError, type ErrorCode } from '../../shared/domain-error.js';
import { BodyTooLargeError } from './api.errors.js';
import { HTTP_MEANING } from './error-status.js';
import { MAX_BODY_BYTES } from './json-body.js';

/** `application/problem+json` (RFC 9457) with the vendor's members `success`, `code` and `detail`. */
export interface Problem extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly success: false;
  readonly code: ErrorCode;
}

/** What is said of a failure. */
interface Told {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly facts?: object;
}

const told = ({ code, message, facts }: DomainError): Told => ({ code, detail: message, facts });

/** What adapters and Nest itself refuse, before a controller is reached. Codes by HTTP status. */
const REFUSALS: Readonly<Record<number, Told>> = {
  [HttpStatus.BAD_REQUEST]: {
    code: 'invalid_request',
    detail: 'The request cannot be read. Check that the body is valid JSON and the address is properly encoded.',
  },
  [HttpStatus.NOT_FOUND]: {
    code: 'route_not_found',
    detail: 'No such route. The routes are listed at /docs, where the service shows them.',
  },
  [HttpStatus.PAYLOAD_TOO_LARGE]: told(new BodyTooLargeError(MAX_BODY_BYTES)),
  [HttpStatus.UNSUPPORTED_MEDIA_TYPE]: {
    code: 'unsupported_media_type',
    detail: "Send a body as 'application/json', or a CSV file as 'multipart/form-data'.",
  },
};

const statusOf = (error: unknown): number | undefined => {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
};

const describe = (error: unknown): Told => {
  if (error instanceof DomainError) return told(error);
  const status = statusOf(error);
  if (status === undefined || status < 400 || status >= 500) {
    return { code: 'internal_error', detail: 'Something failed on our side. Try again, or report the instance id.' };
  }
  return REFUSALS[status] ?? REFUSALS[HttpStatus.BAD_REQUEST];
};

/** Turns whatever was thrown into a body that is safe to show. */
export const toProblem = (error: unknown, requestId: string): Problem => {
  const { code, detail, facts } = describe(error);
  return {
    type: `/docs/errors#${code}`,
    ...HTTP_MEANING[code],
    detail,
    instance: requestId,
    success: false,
    code,
    ...facts,
  };
};
