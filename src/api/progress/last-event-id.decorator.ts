import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isCallId } from '../../batch-jobs/calls.repository.js';
import type { CallPosition } from '../../batch-jobs/progress.statements.js';
import { InvalidInputError } from '../http/api.errors.js';
import { rawRequest, type AdapterRequest } from '../http/raw-request.js';

/** Id of the last event of a stream. */
export const END_ID = 'end';

// What PostgreSQL and JavaScript both take for an instant.
const POSITION = /^(\d{1,14})(?:\.(\w+))?$/;

/** The id of an event: `'1795633200000.call_01K…'`, milliseconds since 1970 and the last call that was told. */
export const toEventId = ({ endedAt, callId }: CallPosition): string =>
  callId === '' ? String(endedAt.getTime()) : `${endedAt.getTime()}.${callId}`;

/**
 * Up to where a client has been told, by the header `Last-Event-ID`. Null without one; `'end'` when it has been told
 * everything.
 *
 * @throws invalid_request  it is no id of ours
 */
export const LastEventId = createParamDecorator((_: unknown, context: ExecutionContext) =>
  parse(rawRequest(context.switchToHttp().getRequest<AdapterRequest>()).headers['last-event-id']),
);

/** What the decorator gives. `endedAtMs` in milliseconds since 1970. */
export type LastEvent = { readonly endedAtMs: number; readonly callId: string } | typeof END_ID | null;

const parse = (given: string | readonly string[] | undefined): LastEvent => {
  if (given === undefined || given === '') return null;
  if (given === END_ID) return END_ID;
  const [, ms, callId = ''] = POSITION.exec(String(given)) ?? [];
  if (ms !== undefined && (callId === '' || isCallId(callId))) return { endedAtMs: Number(ms), callId };
  const detail = 'must be the id of an event of this stream. Leave it out to begin with what is now.';
  throw new InvalidInputError('invalid_request', `'Last-Event-ID' ${detail}`, [{ parameter: 'Last-Event-ID', detail }]);
};
