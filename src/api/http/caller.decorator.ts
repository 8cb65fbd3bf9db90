import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { keyOf } from '../../access/authentication.js';
import type { Caller } from '../../shared/caller.js';
import { requestContext } from '../../shared/request-context.js';
import { idempotentRequestOf } from './repeated-writes.js';
import type { AdapterRequest } from './raw-request.js';

/** On whose behalf the request is made: the organization of its key, the key as the actor. */
export const CalledBy = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<AdapterRequest>();
  const { id, organizationId } = keyOf(request);
  return {
    organizationId,
    actor: id,
    requestId: requestContext.getStore()?.requestId ?? null,
    idempotent: idempotentRequestOf(request),
  };
});
