import type { ApiHeaderOptions } from '@nestjs/swagger';
import { filterExamples } from './fields.js';
import { BOUNDS } from './bounds.js';

/** May come with every write. */
export const IDEMPOTENCY_KEY_HEADER: ApiHeaderOptions = {
  name: 'Idempotency-Key',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: BOUNDS.idempotencyKey },
  description:
    'A name for this request, best a UUID. Sent again within 24 hours, the same request is answered as before and nothing is done again.',
  examples: filterExamples('0b9f4a52-6f0e-4f0a-9a39-3f3f4a0c9d11'),
};

/** May come with every change of a job. */
export const IF_MATCH_HEADER: ApiHeaderOptions = {
  name: 'If-Match',
  required: false,
  schema: { type: 'string' },
  description: 'The `ETag` of the job as you know it. The change is refused when somebody changed it meanwhile.',
  examples: filterExamples('"2.5"'),
};
