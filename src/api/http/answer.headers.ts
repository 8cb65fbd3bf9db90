import type { ApiResponseOptions } from '@nestjs/swagger';

type Headers = NonNullable<ApiResponseOptions['headers']>;

/** Comes with every answer. */
export const REQUEST_ID_HEADER: Headers = {
  'X-Request-Id': {
    description:
      'Id of the request: the one that was sent when it is 1 to 128 visible ASCII characters, else a new one.',
    schema: { type: 'string' },
    example: 'req_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  },
};

/** Comes with a job. */
export const ETAG_HEADER: Headers = {
  ETag: {
    description: 'Tag of the job as it is now; the same as `etag` in the body. Send it back in `If-Match`.',
    schema: { type: 'string' },
    example: '"2.5"',
  },
};

/** Comes with the answer to a request that was carried out before. */
export const REPLAYED_HEADER: Headers = {
  'Idempotency-Replayed': {
    description: '`true` when this is what the request was answered before, and nothing was done again.',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
};

/** How long an answer may be kept. */
export const cacheControlHeader = (example: string): Headers => ({
  'Cache-Control': { description: 'How long the answer may be kept.', schema: { type: 'string' }, example },
});

const RATE_LIMIT: Headers = {
  'X-RateLimit-Limit': {
    description: 'Requests that the key may make within a minute. Sent with every answer to a valid key.',
    schema: { type: 'integer' },
    example: 300,
  },
  'X-RateLimit-Remaining': {
    description: 'Requests left of them.',
    schema: { type: 'integer' },
    example: 297,
  },
  'X-RateLimit-Reset': {
    description: 'Seconds until the count begins anew.',
    schema: { type: 'integer' },
    example: 42,
  },
};

const CHALLENGE: Headers = {
  'WWW-Authenticate': {
    description: 'How to authenticate. Always `Bearer`.',
    schema: { type: 'string' },
    example: 'Bearer',
  },
};

const RETRY_AFTER: Headers = {
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer' },
    example: 5,
  },
};

const ACCEPT_ENCODING: Headers = {
  'Accept-Encoding': {
    description: 'The coding that a body may have: `identity`, none.',
    schema: { type: 'string', enum: ['identity'] },
    example: 'identity',
  },
};

/** The headers that come with an answer of this status where a key is asked for. */
export const answerHeaders = (status: number): Headers => ({
  ...REQUEST_ID_HEADER,
  ...((status === 200 || status === 429) && RATE_LIMIT),
  ...(status === 401 && CHALLENGE),
  ...(status === 415 && ACCEPT_ENCODING),
  ...((status === 429 || status === 503) && RETRY_AFTER),
});
