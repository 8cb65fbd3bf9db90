import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { InvalidInputError } from './api.errors.js';
import { rawRequest, type AdapterRequest } from './raw-request.js';

const TAG = String.raw`(?:W/)?"[\x21\x23-\x7e]*"`;
const TAGS = new RegExp(String.raw`^[ \t]*${TAG}(?:[ \t]*,[ \t]*${TAG})*[ \t]*$`);

const refusal = (detail: string): InvalidInputError =>
  new InvalidInputError('invalid_request', `'If-Match' ${detail}`, [{ parameter: 'If-Match', detail }]);

const headerOf = (context: ExecutionContext): string | undefined =>
  rawRequest(context.switchToHttp().getRequest<AdapterRequest>()).headers['if-match'];

/**
 * The tags of the header `If-Match` (RFC 9110, section 13.1.1). Undefined without one, and for `*`: any job will do.
 * A weak tag matches nothing, as the comparison is strong.
 *
 * @throws invalid_request  neither `*` nor a list of tags in double quotes
 */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const given = headerOf(context);
  if (given === undefined || given.trim() === '*') return undefined;
  if (!TAGS.test(given)) throw refusal(`must be '*', or the ETag of the job in its double quotes, such as "2.5".`);
  return [...given.matchAll(new RegExp(TAG, 'g'))].map(([tag]) => tag).filter((tag) => !tag.startsWith('W/'));
});

/**
 * For what is just being made: no tag could be right, and one that is ignored would be a promise not kept.
 *
 * @throws invalid_request  there is an `If-Match`
 */
export const NothingToMatch = createParamDecorator((_: unknown, context: ExecutionContext): void => {
  if (headerOf(context) !== undefined) {
    throw refusal('is not known here: what is being created has no tag yet. Leave it out.');
  }
});
