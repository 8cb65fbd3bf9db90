import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayUnique, IsArray, IsIn, IsOptional } from 'class-validator';
import { RETRYABLE_STATUSES } from '../../batch-jobs/contact.status.js';
import { IfGiven } from './fields.js';

interface Words {
  readonly values: readonly string[];
  readonly description: string;
}

/** Outcomes that a job calls again after. */
export const RETRYABLE: Words = {
  values: RETRYABLE_STATUSES,
  description: 'Outcomes after which a contact is called again while attempts are left; none: nobody is.',
};

/** A form has only text: words with commas between them, and none for no word. */
const ToWords = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((word) => word.trim())
          .filter((word) => word !== '')
      : value,
  );

const areWords = ({ values, description }: Words, nullable: boolean): PropertyDecorator[] => {
  const message = `must be a list of ${values.join(', ')}, each at most once.`;
  return [
    ApiPropertyOptional({
      enum: [...values],
      isArray: true,
      uniqueItems: true,
      example: [...values],
      description,
      ...(nullable && { nullable }),
    }),
    IsIn([...values], { each: true, message }),
    ArrayUnique({ message }),
    IsArray({ message }),
  ];
};

/** Some of a fixed set of words, all of them when left out; in a form with commas between them. */
export const OptionalWordsField = (words: Words): PropertyDecorator =>
  applyDecorators(...areWords(words, true), IsOptional(), ToWords());

/** Some of a fixed set of words, or left out. Null is no list. */
export const ChangedWordsField = (words: Words): PropertyDecorator =>
  applyDecorators(...areWords(words, false), IfGiven());
