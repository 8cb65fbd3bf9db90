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

/** `organizationId` was given and is not the key's own. */
export class OrganizationMismatchError extends DomainError {
  readonly code = 'organization_mismatch';

  constructor() {
    super('organizationId is not the organization of this API key. Leave it out, or use a key of that organization.');
  }
}

/** A body that is neither JSON nor a form with a file. */
export class UnsupportedMediaTypeError extends DomainError {
  readonly code = 'unsupported_media_type';

  constructor() {
    super("Send the batch as 'application/json' with contacts, or as 'multipart/form-data' with a CSV file.");
  }
}

/** A form that cannot be read, or with parts that do not belong there. */
export const invalidForm = (detail: string, parameter?: string): InvalidInputError =>
  new InvalidInputError('invalid_request', detail, parameter === undefined ? [] : [{ parameter, detail }]);
