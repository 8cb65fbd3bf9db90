import { Injectable } from '@nestjs/common';
import { invalidInputs } from './api.errors.js';
import { RequestBody, type Exchange } from './request.body.js';

const DETAIL = 'is not known here: this route takes no body, its parameters travel in the address.';

/** For routes without a body: a `timezone` sent in one and ignored would start a batch hours off. */
@Injectable()
export class NoBody extends RequestBody {
  take({ request }: Exchange): undefined {
    const names = namesIn(request.body);
    if (names.length > 0) throw invalidInputs(names.map((parameter) => ({ parameter, detail: DETAIL })));
  }
}

const namesIn = (body: unknown): string[] => {
  if (body === undefined || body === null || body === '') return [];
  return typeof body === 'object' ? Object.keys(body) : ['body'];
};
