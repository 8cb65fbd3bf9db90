import { Injectable, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import { closestMatch } from 'leven';
import type { ErrorCode, InputError } from '../../shared/domain-error.js';
import { invalidInputs, MAX_NAMED_INPUTS, type InvalidInputError } from './api.errors.js';
import type { FieldContext } from './fields.js';

/** What is at fault in one input, and the code that the contract has for it. */
interface Fault extends InputError {
  readonly code: ErrorCode;
  readonly facts?: Readonly<Record<string, unknown>>;
}

const UNKNOWN = 'whitelistValidation';

const namesOf = (aClass: Function): ReadonlySet<string> => {
  const rules = getMetadataStorage().getTargetValidationMetadatas(aClass, '', false, false);
  return new Set(rules.map((rule) => rule.propertyName));
};

// Asked of every request, and always the same.
const names = new Map<Function, ReadonlySet<string>>();

const knownNames = ({ constructor }: object): ReadonlySet<string> => {
  const known = names.get(constructor) ?? namesOf(constructor);
  names.set(constructor, known);
  return known;
};

// The distance to a longer name takes long, and it is near to none of ours.
const MAX_GUESSED_LENGTH = 64;

const unknownName = (target: object, name: string): Fault => {
  const known = [...knownNames(target)];
  const nearest = name.length > MAX_GUESSED_LENGTH ? undefined : closestMatch(name, known, { maxDistance: 4 });
  const hint = nearest
    ? `Did you mean '${nearest}'?`
    : known.length > 0
      ? `Known: ${known.join(', ')}.`
      : 'None is known here.';
  return { code: 'invalid_request', parameter: name, detail: `is not known here. ${hint}` };
};

const toFault = (error: ValidationError): Fault => {
  const { property, constraints = {}, contexts = {} } = error;
  if (UNKNOWN in constraints) return unknownName(error.target ?? {}, property);
  // Rules are listed from the last decorator to the first; the first is the one that names the type.
  const [rule, detail] = Object.entries(constraints).at(-1) ?? ['', 'is not allowed.'];
  const { code = 'invalid_request', facts } = (contexts[rule] ?? {}) as Partial<FieldContext>;
  return { code, parameter: property, detail, facts };
};

const repeatedNames = (value: object): Fault[] =>
  Object.entries(value)
    .filter(([, given]) => Array.isArray(given))
    .map(([parameter]) => ({ code: 'invalid_request', parameter, detail: 'is given more than once. Give it once.' }));

/**
 * Names that are refused before the validator sees them: `constructor`, `__proto__` or a method of the class, which
 * class-transformer leaves out; and all, when there are more than are named anyway. What it does takes time with the
 * square of their number.
 */
const strangeNames = (value: object, prototype: object): Fault[] => {
  const known = knownNames(prototype);
  const unknown = Object.keys(value).filter((name) => !known.has(name));
  const strange = unknown.length > MAX_NAMED_INPUTS ? unknown : unknown.filter((name) => name in prototype);
  return strange.map((name, at) =>
    at < MAX_NAMED_INPUTS ? unknownName(prototype, name) : { code: 'invalid_request', parameter: name, detail: '' },
  );
};

const toError = (faults: readonly Fault[]): InvalidInputError => {
  const first = faults.find((fault) => fault.code === 'invalid_request') ?? faults[0];
  return invalidInputs(faults, first.code, first.facts);
};

/** Judges path, query and body against their classes. Nothing unknown, nothing twice, faults named at once. */
@Injectable()
export class RequestPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      validationError: { target: true, value: false }, // the class of the target knows what would be allowed
      exceptionFactory: (errors) => toError(errors.map(toFault)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value; // made by a decorator of ours
    if (typeof value !== 'object' || value === null) return super.transform(value, metadata);
    const repeated = metadata.type === 'query' ? repeatedNames(value) : [];
    const faults = [...repeated, ...strangeNames(value, (metadata.metatype?.prototype ?? {}) as object)];
    if (faults.length > 0) throw toError(faults);
    return super.transform(value, metadata);
  }
}
