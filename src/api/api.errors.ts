import { DomainError, type ErrorCode, type InputError } from '../shared/domain-error.js';

/** A request that is wrong in itself: unknown, repeated, missing or malformed inputs, each named in `errors`. */
export class InvalidInputError extends DomainError {
  constructor(
    readonly code: ErrorCode,
    detail: string,
    errors: readonly InputError[] = [],
    facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail, { ...facts, ...(errors.length > 0 && { errors }) });
  }
}

/** Our fault. The sentence says what failed, the cause goes to the log only. */
export class InternalError extends DomainError {
  readonly code = 'internal_error';

  constructor(detail: string, cause: unknown) {
    super(detail);
    this.cause = cause;
  }
}

/** Bytes that are not HTTP, headers longer than any are read, or a request that did not arrive in time. */
export class UnreadableRequestError extends DomainError {
  readonly code = 'invalid_request';

  constructor() {
    super(
      'What was sent cannot be read as an HTTP request. Its headers may be broken, or longer than 16 KiB together.',
    );
  }
}

/** `organizationId` was given and is not the key's own. */
export class OrganizationMismatchError extends DomainError {
  readonly code = 'organization_mismatch';

  constructor() {
    super('organizationId is not the organization of this API key. Leave it out, or use a key of that organization.');
  }
}

/** More bytes than are read of any body. */
export class BodyTooLargeError extends DomainError {
  readonly code = 'payload_too_large';

  constructor(maxBytes: number) {
    super(`The body is larger than ${maxBytes} bytes. Split the contact list into several batches.`, { maxBytes });
  }
}

/** A body of a kind that the route does not read; the sentence says which it does. */
export class UnsupportedMediaTypeError extends DomainError {
  readonly code = 'unsupported_media_type';
}

/** A body that cannot be read, or that has too much or too little in it. The sentence stands for itself. */
export const invalidForm = (detail: string, parameter?: string): InvalidInputError =>
  new InvalidInputError('invalid_request', detail, parameter === undefined ? [] : [{ parameter, detail }]);

/** A field that does not belong into a form as it is. @param what follows the name in the sentence */
export const invalidFormField = (name: string, what: string): InvalidInputError => {
  const parameter = name.slice(0, 64);
  return new InvalidInputError('invalid_request', `'${parameter}' ${what}`, [{ parameter, detail: what }]);
};
