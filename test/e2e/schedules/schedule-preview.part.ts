import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestApp, type Answer } from '../../support/test-app.js';

describe('schedule preview', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());
  beforeEach(() => app.setNow('2026-11-23T00:00:00Z'));

  const preview = (query: Readonly<Record<string, string>>, key?: string | null): Promise<Answer> =>
    app.get(`/batch/schedule/preview?${new URLSearchParams(query).toString()}`, key);

  describe('GET /batch/schedule/preview', () => {
    it('says what a wall time means, by the newest rules, and how long it is until then', async () => {
      const { status, body } = await preview({
        scheduledStartTime: '2026-12-01T09:00:00',
        timezone: 'america/vancouver',
      });

      expect(status).toBe(200);
      expect(body).toEqual({
        success: true,
        scheduledStartTime: '2026-12-01T16:00:00Z',
        localStartTime: '2026-12-01T09:00:00-07:00[America/Vancouver]',
        timezone: 'America/Vancouver',
        utcOffset: '-07:00',
        resolution: 'exact',
        isDaylightSaving: false,
        startsInSeconds: expect.any(Number),
        warnings: [],
      });
      const aheadSeconds = (Date.parse('2026-12-01T16:00:00Z') - Date.parse('2026-11-23T00:00:00Z')) / 1_000;
      expect(body.startsInSeconds).toBeLessThanOrEqual(aheadSeconds);
      expect(body.startsInSeconds).toBeGreaterThan(aheadSeconds - 10);
    });

    it.each([
      ['compatible', '2027-03-14T07:30:00Z', '-04:00', true],
      ['earlier', '2027-03-14T06:30:00Z', '-05:00', false],
    ])('says what was made of a skipped wall time: %s', async (disambiguation, utc, utcOffset, isDaylightSaving) => {
      const asked = { scheduledStartTime: '2027-03-14T02:30:00', timezone: 'America/New_York', disambiguation };

      const { body } = await preview(asked);

      expect(body).toMatchObject({ scheduledStartTime: utc, utcOffset, isDaylightSaving, resolution: 'gap' });
      expect(body.warnings).toEqual([expect.stringContaining('clocks skip it')]);
    });

    it('says the same as the reschedule that follows', async () => {
      const asked = { scheduledStartTime: '2027-10-31T02:30:00+02:00', timezone: 'Europe/Berlin' };
      const id = await app.create();

      const [seen, moved] = [await preview(asked), await app.reschedule(id, asked)];

      for (const field of ['scheduledStartTime', 'localStartTime', 'timezone', 'resolution', 'warnings']) {
        expect({ [field]: seen.body[field] }).toEqual({ [field]: moved.body[field] });
      }
    });

    it('changes nothing', async () => {
      await app.create({ scheduledStartTime: '2026-12-01T09:00:00' });
      const before = await app.everything();

      await preview({ scheduledStartTime: '2026-12-01T09:00:00' });

      expect(await app.everything()).toEqual(before);
    });

    const IN_NEW_YORK = { timezone: 'America/New_York' };

    it.each([
      ['past_scheduled_time', { scheduledStartTime: '2026-11-22T09:00:00', ...IN_NEW_YORK }],
      ['invalid_datetime', { ...IN_NEW_YORK }],
      ['invalid_datetime', { scheduledStartTime: 'nine', ...IN_NEW_YORK }],
      ['invalid_datetime', { scheduledStartTime: '2036-01-01T09:00:00', ...IN_NEW_YORK }],
      ['invalid_datetime', { scheduledStartTime: '2027-03-14T02:30:00', disambiguation: 'reject', ...IN_NEW_YORK }],
      ['invalid_timezone', { scheduledStartTime: '2026-12-01T09:00:00', timezone: 'America/NewYork' }],
      ['invalid_request', { scheduledStartTime: '2026-12-01T09:00:00', timeZone: 'UTC' }],
      ['invalid_request', { scheduledStartTime: '2026-12-01T09:00:00', disambiguation: 'first' }],
    ])('refuses with %s, word for word as a reschedule does: %j', async (code, query: Record<string, string>) => {
      const id = await app.create();

      const [seen, moved] = [await preview(query), await app.reschedule(id, query)];

      expect(seen.body).toMatchObject({ status: 400, code });
      expect({ ...seen.body, instance: '' }).toEqual({ ...moved.body, instance: '' });
    });

    it('refuses now itself, by the clock of PostgreSQL', async () => {
      await app.database.query(`update public.test_clock set offset_ms = offset_ms + 3600000`);

      const { body } = await preview({ scheduledStartTime: '2026-11-23T00:30:00Z' });

      expect(body.code).toBe('past_scheduled_time');
    });

    it('needs a key, of which jobs:read is enough', async () => {
      const query = { scheduledStartTime: '2026-12-01T09:00:00' };

      expect((await preview(query, null)).body.code).toBe('invalid_api_key');
      expect((await preview(query, await app.keyWith(['jobs:write']))).body.code).toBe('insufficient_scope');
      expect((await preview(query, await app.keyWith(['jobs:read']))).status).toBe(200);
    });
  });
});
