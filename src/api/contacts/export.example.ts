import { MediaAnswer } from '../http/operation.decorator.js';

/** The answer of an export, as the document shows it. */
export const CSV_ANSWER = new MediaAnswer(
  'text/csv',
  [
    'phone,name,appointment,call.status,call.attemptCount,call.lastAttemptAt,call.completedAt,call.callDuration,call.errorCode,call.failureReason,call.roomName',
    "'+12025550123,Ada,Tuesday at nine,completed,1,2027-03-01T15:00:01Z,2027-03-01T15:01:15Z,74,,,room_7f3a",
    "'+442079460123,Grace,'=A1,busy,3,2027-03-01T16:35:02Z,2027-03-01T16:35:09Z,,486,,",
    '',
  ].join('\r\n'),
  {
    'Content-Disposition': {
      description: 'A name for the file: the id of the job.',
      schema: { type: 'string' },
      example: 'attachment; filename="batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8.csv"',
    },
  },
);
