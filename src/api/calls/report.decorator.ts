import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { CallEnd } from '../../batch-jobs/call.outcome.js';
import { readReport } from './outcome.body.js';

/** The end that a report tells; past the pipe that refuses what is not known. */
export const Reported = createParamDecorator((_: unknown, context: ExecutionContext): CallEnd => {
  const { body } = context.switchToHttp().getRequest<{ body: unknown }>();
  return readReport(body);
});
