import { isBatchJobId } from '../../batch-jobs/batch-jobs.repository.js';
import type { ListPosition } from '../../batch-jobs/list.repository.js';
import { InvalidInputError } from './api.errors.js';

/** Opaque to callers: the place of the last job shown. */
export const toCursor = ({ createdAt, id }: ListPosition): string =>
  Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');

/** @throws invalid_page  not one of our cursors */
export const fromCursor = (cursor: string, parseInstant: (text: string) => Date | null): ListPosition => {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  const createdAt = parseInstant(time);
  if (createdAt && isBatchJobId(id)) return { createdAt, id };
  throw notACursor();
};

export const notACursor = (): InvalidInputError => {
  const detail = "is not a cursor of this list. Use the 'nextCursor' of a page, or leave it out.";
  return new InvalidInputError('invalid_page', `'cursor' ${detail}`, [{ parameter: 'cursor', detail }]);
};

export const pageBesideCursor = (): InvalidInputError => {
  const detail = 'must not be given beside a cursor, which names the page itself.';
  return new InvalidInputError('invalid_page', `'page' ${detail}`, [{ parameter: 'page', detail }]);
};
