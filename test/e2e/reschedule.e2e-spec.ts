import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

/** The worked examples of the contract; the job's clock is set so that each time is in the future. */
const MOVED = [
  ['2025-03-01T10:00:00', 'America/New_York', '2025-03-01T15:00:00Z'],
  ['2025-03-01T09:00:00', 'UTC', '2025-03-01T09:00:00Z'],
  ['2025-03-02T09:00:00', 'America/New_York', '2025-03-02T14:00:00Z'],
  ['2025-03-01T09:00:00', 'America/Chicago', '2025-03-01T15:00:00Z'],
  ['2025-03-10T10:00:00', 'America/Los_Angeles', '2025-03-10T17:00:00Z'],
] as const;

describe('PATCH /batch/jobs/:id/reschedule', () => {
  describe('200', () => {
    it.each(MOVED)('moves a scheduled job to %s in %s', async (scheduledStartTime, timezone, expected) => {
      await app.setNow('2025-02-20T00:00:00Z');
      const id = await app.create({ scheduledStartTime: '2025-02-25T09:00:00' });

      const { status, body } = await app.reschedule(id, { scheduledStartTime, timezone });

      expect({ status, body }).toMatchObject({
        status: 200,
        body: {
          success: true,
          message: 'Rescheduled successfully (old job cancelled)',
          batchJobId: id,
          scheduledStartTime: expected,
          status: 'scheduled',
          oldJobCancelled: true,
          newScheduledJobId: `${id}.r2`,
          timezone,
          resolution: 'exact',
          scheduleRevision: 2,
          warnings: [],
        },
      });
      const delayed = await app.delayed();
      expect(delayed.get(`${id}.r2`)).toBe(new Date(expected).toISOString());
      expect(delayed.has(`${id}.r1`)).toBe(false);
    });
  });
});
