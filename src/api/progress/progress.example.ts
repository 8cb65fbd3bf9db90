import { MediaAnswer } from '../http/operation.decorator.js';

const event = (name: string, id: string, data: object): string[] => [
  `event: ${name}`,
  `id: ${id}`,
  `data: ${JSON.stringify(data)}`,
  '',
];

/** A stream of events, as the document shows it. */
export const EVENTS_ANSWER = new MediaAnswer(
  'text/event-stream',
  [
    'retry: 2000',
    '',
    ...event('status', '1803999600000', {
      status: 'running',
      scheduledStartTime: '2027-03-01T15:00:00Z',
      actualStartTime: '2027-03-01T15:00:00.412Z',
      completedAt: null,
      failureReason: null,
      pauseReason: null,
    }),
    ...event('outcomes', '1803999675000.call_01KAS5Z7M2Q4R6T8V0X2Z4B6D8', {
      calls: [
        {
          callId: 'call_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
          contactId: 'contact_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
          attempt: 1,
          outcome: 'answered',
          durationSeconds: 74,
          errorCode: null,
          endedAt: '2027-03-01T15:01:15Z',
        },
      ],
    }),
    ...event('end', 'end', { status: 'completed' }),
    '',
  ].join('\n'),
);
