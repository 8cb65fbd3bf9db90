import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import { DISAMBIGUATIONS } from '../../batch-jobs/schedule.js';
import type { ErrorCode } from '../../shared/domain-error.js';
import { BOUNDS, mustBeWhole, mustHaveCharacters } from './bounds.js';

/** Rides on a validation rule: the code, and facts, of the error that its failure becomes. */
export interface FieldContext {
  readonly code: ErrorCode;
  readonly facts?: Readonly<Record<string, unknown>>;
}

const failingWith = (code: ErrorCode, facts?: FieldContext['facts']): { context: FieldContext } => ({
  context: { code, ...(facts && { facts }) },
});

/** Digits become a number, everything else stays what it is: forms and queries have only text. */
const ToInteger = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value,
  );

const START_EXAMPLE = '2027-03-01T10:00:00';

/** What every refusal of a start shows. */
const START_SHAPE = '2025-03-01T10:00:00';

const START_DESCRIPTION =
  'ISO 8601: a wall time in `timezone`, or an instant with `Z`, an offset or an RFC 9557 zone. Must lie in the future.';

/** What the document shows beyond a field's own description: that a body may have null, examples of a query. */
type Shows = Pick<ApiPropertyOptions, 'nullable' | 'examples'>;

/** A start, required. The text itself is judged where zones are known. */
export const StartTimeField = (shows: Shows = {}): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: String, example: START_EXAMPLE, description: START_DESCRIPTION, ...shows }),
    IsString({
      message: `is required: a date and time in the shape '${START_SHAPE}'.`,
      ...failingWith('invalid_datetime', { reason: 'missing' }),
    }),
  );

/** A start that may be left out. */
export const OptionalStartTimeField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      example: START_EXAMPLE,
      description: `${START_DESCRIPTION} Absent: the job waits as \`pending\`.`,
    }),
    IsOptional(),
    IsString({
      message: `must be a date and time in the shape '${START_SHAPE}'.`,
      ...failingWith('invalid_datetime', { reason: 'format' }),
    }),
  );

/** An IANA zone, UTC when left out. */
export const TimezoneField = (shows: Shows = {}): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      default: 'UTC',
      example: 'America/New_York',
      description: 'IANA name of the zone in which the start is a wall time; any case.',
      ...shows,
    }),
    IsOptional(),
    IsString({ message: "must be an IANA name such as 'America/New_York'.", ...failingWith('invalid_timezone') }),
  );

/** The country of numbers without a plus sign, or absent. It is judged where the list is read. */
export const OptionalCountryField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      pattern: '^[A-Za-z]{2}$',
      example: 'US',
      description:
        'ISO 3166-1 code of the country whose numbers those without a plus sign are: national ones, and international ones whose plus a spreadsheet took. Absent: they are left out.',
    }),
    IsOptional(),
    IsString({ message: "must be an ISO 3166-1 code such as 'US'." }),
  );

/** What a skipped or repeated wall time means. */
export const DisambiguationField = (shows: Shows = {}): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      enum: DISAMBIGUATIONS,
      default: 'compatible',
      example: 'compatible',
      description:
        'What a wall time means that a clock change skips or repeats. `compatible`: after a skip, the first of two.',
      ...shows,
    }),
    IsOptional(),
    IsIn(DISAMBIGUATIONS, { message: `must be one of ${DISAMBIGUATIONS.join(', ')}.` }),
  );

interface WholeNumber {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  readonly description: string;
  readonly code?: ErrorCode;
}

/** A whole number within limits, with a default. */
export const WholeNumberField = ({ min, max, fallback, description, code = 'invalid_request' }: WholeNumber) => {
  const message = mustBeWhole(min, max);
  return applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      minimum: min,
      maximum: max,
      default: fallback,
      example: fallback,
      description,
    }),
    ToInteger(),
    Max(max, { message, ...failingWith(code) }),
    Min(min, { message, ...failingWith(code) }),
    IsInt({ message, ...failingWith(code) }),
  );
};

/** A whole number within limits, or absent. */
export const OptionalWholeNumberField = (limits: Omit<WholeNumber, 'fallback' | 'code'> & { example: number }) => {
  const { min, max, example, description } = limits;
  const message = mustBeWhole(min, max);
  return applyDecorators(
    ApiPropertyOptional({ type: 'integer', nullable: true, minimum: min, maximum: max, example, description }),
    IsOptional(),
    ToInteger(),
    Max(max, { message }),
    Min(min, { message }),
    IsInt({ message }),
  );
};

/** Of what may be left out, and not be null. */
export const IfGiven = (): PropertyDecorator => ValidateIf((_, value: unknown) => value !== undefined);

/** A whole number within limits, or left out. Null is no number. */
export const ChangedWholeNumberField = (limits: Omit<WholeNumber, 'fallback' | 'code'> & { example: number }) => {
  const { min, max, example, description } = limits;
  const message = mustBeWhole(min, max);
  return applyDecorators(
    ApiPropertyOptional({ type: 'integer', minimum: min, maximum: max, example, description }),
    IfGiven(),
    Max(max, { message }),
    Min(min, { message }),
    IsInt({ message }),
  );
};

interface Words {
  readonly values: readonly string[];
  readonly description: string;
  readonly code: ErrorCode;
}

/** Examples of a filter. The first leaves it out: Swagger UI fills it in, and a list would be filtered by every example. */
export const filterExamples = (value: string) => ({
  none: { summary: 'Not given' },
  given: { summary: value, value },
});

/** One of a fixed set of words, or absent. */
export const OneOfField = ({ values, description, code }: Words): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ enum: [...values], examples: filterExamples(values[0]), description }),
    IsOptional(),
    IsIn([...values], { message: `must be one of ${values.join(', ')}.`, ...failingWith(code) }),
  );

// PostgreSQL can store neither U+0000 nor half a surrogate pair; and no control character belongs into one line of text.
const ONE_LINE = /^[^\p{Cc}\p{Cs}]*$/u;
const STORABLE = /^[^\0\p{Cs}]*$/u;

interface Text {
  readonly max: number;
  readonly example: string;
  readonly description: string;
}

/** One line of text, required. */
export const LineField = ({ max, example, description }: Text): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: String, minLength: 1, maxLength: max, example, description }),
    Matches(ONE_LINE, { message: 'must not contain control characters or half a surrogate pair.' }),
    Length(1, max, { message: mustHaveCharacters(max) }),
    IsString({ message: 'is required and must be text.' }),
  );

/** One line of text, or left out. Null is no text. */
export const ChangedLineField = ({ max, example, description }: Text): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, minLength: 1, maxLength: max, example, description }),
    IfGiven(),
    Matches(ONE_LINE, { message: 'must not contain control characters or half a surrogate pair.' }),
    Length(1, max, { message: mustHaveCharacters(max) }),
    IsString({ message: 'must be text.' }),
  );

/** One line of text in a query, or absent. */
export const LineFilterField = ({ max, example, description }: Text): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, minLength: 1, maxLength: max, examples: filterExamples(example), description }),
    IsOptional(),
    Matches(ONE_LINE, { message: 'must not contain control characters or half a surrogate pair.' }),
    Length(1, max, { message: mustHaveCharacters(max) }),
    IsString({ message: 'must be text.' }),
  );

/** Why a change is made, for the history. */
export const OptionalReasonField = (): PropertyDecorator =>
  LineFilterField({
    max: BOUNDS.reason,
    example: 'Storm over the region',
    description: 'Why, for the history. No names or numbers of contacts: it is kept for good.',
  });

/** Text of any number of lines, or absent. */
export const OptionalTextField = ({ max, example, description }: Text): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, maxLength: max, example, description }),
    IsOptional(),
    Matches(STORABLE, { message: 'must not contain U+0000 or half a surrogate pair.' }),
    Length(0, max, { message: `must have at most ${max} characters.` }),
    IsString({ message: 'must be text.' }),
  );

/** A field of an answer. */
export const Shown = (description: string, options: ApiPropertyOptions): PropertyDecorator =>
  ApiProperty({ description, ...options });

/** A field of an answer that may be null; the description says what that means. */
export const ShownOrNull = (description: string, options: ApiPropertyOptions): PropertyDecorator =>
  ApiProperty({ description, nullable: true, ...options });

/** The tag of the job as it is after the answer; `RouteInterceptor` puts it into the header, too. */
export const EntityTagShown = (): PropertyDecorator =>
  Shown('Changes with every change of the job; also in the header `ETag`. Send it back in `If-Match`.', {
    example: '"2.5"',
  });
