import { TimezoneService } from '../../scheduling/timezone.service.js';
import { CreateResponse } from './create.response.js';

const contacts = [{ phone: '+12025550123', name: 'Ada', appointment: 'Tuesday at nine' }, { phone: '+442079460123' }];
const batch = { name: 'March reminders', fromPhoneNumberId: 'phone_demo', contacts };
const start = { scheduledStartTime: '2027-03-01T10:00:00', timezone: 'America/New_York' };

/** Bodies to show. */
export const CREATE_BODIES = {
  scheduled: { summary: 'Starts at ten in New York', value: { ...batch, ...start } },
  pending: { summary: 'Waits until it is started or scheduled', value: batch },
  allFields: {
    summary: 'Every field',
    value: {
      ...batch,
      description: 'Appointments of week 10',
      concurrentCallLimit: 5,
      maxAttempts: 3,
      retryableStatuses: ['no_answer', 'busy'],
      maxLateStartMinutes: 30,
      defaultCountry: 'US',
      ...start,
      disambiguation: 'compatible',
    },
  },
};

const created = {
  batchJobId: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
  list: {
    validContacts: contacts.length,
    invalidContacts: 1,
    duplicateContacts: 0,
    rejectedRows: [{ row: 3, reason: 'The phone number is too short for its country code.' }],
  },
  estimate: { minutes: 2, dollars: 0.07 },
  isArmed: true,
  entityTag: '"1.1"',
};

/** What is answered. */
export const CREATED = {
  scheduled: {
    summary: 'Starts at ten in New York',
    value: CreateResponse.of({
      ...created,
      schedule: new TimezoneService().resolve({ ...start, startTime: start.scheduledStartTime }),
    }),
  },
  pending: {
    summary: 'Waits until it is started or scheduled',
    value: CreateResponse.of({ ...created, schedule: null, entityTag: '"0.1"' }),
  },
};
