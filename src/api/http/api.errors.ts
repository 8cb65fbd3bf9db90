import { DomainError, type ErrorCode, type InputError } from '../../shared/domain-error.js';

/** Most inputs that one refusal names: as many as anybody mends at once. */
export const MAX_NAMED_INPUTS = 20;

// Longer than any name of ours.
const MAX_NAME_LENGTH = 64;

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

/**
 * Refuses inputs by name. Of many the first 20 are named, so that neither the work nor the answer grows with the
 * request.
 *
 * @param errors one or more
 * @param code of the refusal, and further facts
 */
export const invalidInputs = (
  errors: readonly InputError[],
  code: ErrorCode = 'invalid_request',
  facts: Readonly<Record<string, unknown>> = {},
): InvalidInputError => {
  const named = errors.slice(0, MAX_NAMED_INPUTS).map(({ parameter, detail }) => ({
    parameter: parameter.slice(0, MAX_NAME_LENGTH),
    detail,
  }));
  const sentences = named.map(({ parameter, detail }) => `'${parameter}' ${detail}`);
  const more = errors.length - named.length;
  if (more > 0) sentences.push(`There are ${more} more that are not named here.`);
  return new InvalidInputError(code, sentences.join(' '), named, facts);
};

/** Our fault. The sentence says what failed, the cause goes to the log only. */
export class InternalError extends DomainError {
  readonly code = 'internal_error';

  constructor(detail: string, cause: unknown) {
    super(detail);
    this.cause = cause;
  }
}

/** Bytes that are not HTTP, or headers longer than any are read. */
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

/** More bytes than are read of a body. */
export class BodyTooLargeError extends DomainError {
  readonly code = 'payload_too_large';

  /** @param advice a sentence: what to send instead */
  constructor(maxBytes: number, advice = 'Send what the route takes; only a contact list may be longer.') {
    super(`The body is larger than ${maxBytes} bytes. ${advice}`, { maxBytes });
  }
}

/** A body with a contact list, and more beside the list than any field of ours needs. */
export class FieldsTooLargeError extends DomainError {
  readonly code = 'payload_too_large';

  constructor(maxBytes: number) {
    super(
      `The fields beside the contact list are larger than ${maxBytes} bytes together. ` +
        'What belongs to a contact goes into the list.',
      { maxBytes },
    );
  }
}

/** A body that is compressed, or encoded otherwise. */
export class UnsupportedCodingError extends DomainError {
  readonly code = 'unsupported_media_type';

  constructor() {
    super("Bodies are read as they are. Send this one uncompressed, without the header 'Content-Encoding'.");
  }
}

/** A request that did not arrive in time; the sentence says what was waited for. */
export class RequestTimeoutError extends DomainError {
  readonly code = 'request_timeout';
}

/** Nothing came of a body for so long that its client is taken for gone. */
export const bodyTimeout = (silenceMs: number): RequestTimeoutError =>
  new RequestTimeoutError(`No byte of the body came for ${silenceMs / 1_000} seconds. Send the request again.`);

/** A body of a kind that the route does not read; the sentence says which it does. */
export class UnsupportedMediaTypeError extends DomainError {
  readonly code = 'unsupported_media_type';
}

/** A body that cannot be read, or that has too much or too little in it. The sentence stands for itself. */
export const invalidForm = (detail: string, parameter?: string): InvalidInputError =>
  new InvalidInputError('invalid_request', detail, parameter === undefined ? [] : [{ parameter, detail }]);

/** A body of JSON that is an array, a number or the like. */
export const notAnObject = (): InvalidInputError => invalidForm('The body must be a JSON object.');

/** A field that does not belong into a form as it is. @param what follows the name in the sentence */
export const invalidFormField = (name: string, what: string): InvalidInputError =>
  invalidInputs([{ parameter: name, detail: what }]);
