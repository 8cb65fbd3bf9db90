import { CALL_OUTCOMES } from '../../batch-jobs/call.outcome.js';
import { UnsupportedMediaTypeError } from '../http/api.errors.js';
import { refusal } from '../http/problem.examples.js';

/** Reports to show. */
export const OUTCOME_BODIES = {
  answered: {
    summary: 'Somebody was spoken to',
    value: { outcome: 'answered', durationSeconds: 42, roomName: 'room-7f3a', providerCallId: 'CA0123456789' },
  },
  busy: { summary: 'The line was busy', value: { outcome: 'busy', errorCode: '486' } },
};

const CALL = { callId: 'call_01KAS5Z7M2Q4R6T8V0X2Z4B6D8', batchJobId: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' };

/** What they are answered with. */
export const REPORTED = {
  completed: {
    summary: 'The contact has ended',
    value: { success: true, ...CALL, recorded: true, contactStatus: 'completed', nextRetryAt: null },
  },
  queued: {
    summary: 'The contact waits for its next call',
    value: { success: true, ...CALL, recorded: true, contactStatus: 'queued', nextRetryAt: '2027-03-01T15:05:00Z' },
  },
  repeated: {
    summary: 'An earlier report counts',
    value: { success: true, ...CALL, recorded: false, contactStatus: null, nextRetryAt: null },
  },
};

export const OUTCOME_PROBLEMS = [
  refusal('invalid_request', 'outcome', `is required: one of ${CALL_OUTCOMES.join(', ')}.`),
  new UnsupportedMediaTypeError("Send the body as 'application/json'."),
];
