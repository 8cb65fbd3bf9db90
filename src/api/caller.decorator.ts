import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { keyOf } from '../access/authentication.middleware.js';
import type { Caller } from '../shared/caller.js';
import { requestContext } from '../shared/request-context.js';

/** On whose behalf the request is made: the organization of its key, the key as the actor. */
export const CalledBy = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { id, organizationId } = keyOf(context.switchToHttp().getRequest<IncomingMessage>());
  return { organizationId, actor: id, requestId: requestContext.getStore()?.requestId ?? null };
});
