import { Injectable, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import { closestMatch } from 'leven';
import type { ErrorCode, InputError } from '../shared/domain-error.js';
import { InvalidInputError } from './api.errors.js';
import type { FieldContext } from './dto/fields.js';

/** What is at fault in one input, and the code that the contract has for it. */
interface Fault extends InputError {
  readonly code: ErrorCode;
  readonly facts?: Readonly<Record<string, unknown>>;
}

const UNKNOWN = 'whitelistValidation';

const knownNames = (target: object): string[] => {
  const rules = getMetadataStorage().getTargetValidationMetadatas(target.constructor, '', false, false);
  return [...new Set(rules.map((rule) => rule.propertyName))];
};

const unknownName = (target: object, name: string): Fault => {
  const known = knownNames(target);
  const nearest = closestMatch(name, known, { maxDistance: 4 });
  const hint = nearest
    ? `Did you mean '${nearest}'?`
    : known.length > 0
      ? `Known: ${known.join(', ')}.`
      : 'None is known here.';
  return { code: 'invalid_request', parameter: name.slice(0, 64), detail: `is not known here. ${hint}` };
};

const toFault = (error: ValidationError): Fault => {
  const { property, constraints = {}, contexts = {} } = error;
  if (UNKNOWN in constraints) return unknownName(error.target ?? {}, property);
  // Rules are listed from the last decorator to the first; the first is the one that names the type.
  const [rule, detail] = Object.entries(constraints).at(-1) ?? ['', 'is not allowed.'];
  const { code = 'invalid_request', facts } = (contexts[rule] ?? {}) as Partial<FieldContext>;
  return { code, parameter: property, detail, facts };
};

const repeatedNames = (value: unknown): Fault[] =>
  Object.entries(value ?? {})
    .filter(([, given]) => Array.isArray(given))
    .map(([parameter]) => ({ code: 'invalid_request', parameter, detail: 'is given more than once. Give it once.' }));

/** `constructor`, `__proto__` or a method of the class: class-transformer leaves them out, where they are refused here. */
const inheritedNames = (value: unknown, metatype: ArgumentMetadata['metatype']): Fault[] => {
  const prototype = (metatype?.prototype ?? {}) as object;
  return Object.keys(value ?? {})
    .filter((name) => name in prototype)
    .map((name) => unknownName(prototype, name));
};

const toError = (faults: readonly Fault[]): InvalidInputError => {
  const first = faults.find((fault) => fault.code === 'invalid_request') ?? faults[0];
  const detail = faults.map(({ parameter, detail: what }) => `'${parameter}' ${what}`).join(' ');
  const errors = faults.map(({ parameter, detail: what }) => ({ parameter, detail: what }));
  return new InvalidInputError(first.code, detail, errors, first.facts);
};

/** Judges path, query and body against their classes. Nothing unknown, nothing twice, every fault named at once. */
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
    const repeated = metadata.type === 'query' ? repeatedNames(value) : [];
    const faults = metadata.type === 'custom' ? [] : [...repeated, ...inheritedNames(value, metadata.metatype)];
    if (faults.length > 0) throw toError(faults);
    return super.transform(value, metadata);
  }
}
