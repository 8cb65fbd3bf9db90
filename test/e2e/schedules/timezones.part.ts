import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import moment from 'moment-timezone';
import { TestApp } from '../../support/test-app.js';

describe('timezones', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  describe('GET /timezones', () => {
    it('lists every name once with its offset at the time, sorted, and needs no key', async () => {
      await app.setNow('2026-12-01T12:00:00Z');

      const { status, body, headers } = await app.get('/timezones', null);

      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=3600']);
      expect(body).toMatchObject({
        tzdbVersion: moment.tz.dataVersion,
        asOf: expect.stringMatching(/^2026-12-01T12:00:/),
      });
      const names: string[] = body.timezones.map(({ name }: { name: string }) => name);
      expect(names).toEqual(moment.tz.names());
      expect(names).toEqual([...new Set(names)].toSorted());
      const offsets = Object.fromEntries(
        body.timezones.map(({ name, utcOffset }: { name: string; utcOffset: string }) => [name, utcOffset]),
      );
      expect(offsets).toMatchObject({
        'America/Vancouver': '-07:00',
        'America/New_York': '-05:00',
        'US/Eastern': '-05:00',
        'Asia/Kathmandu': '+05:45',
        UTC: '+00:00',
      });
    });

    it('lists the offsets of another season then', async () => {
      await app.setNow('2027-07-01T12:00:00Z');

      const { body } = await app.get('/timezones', null);

      expect(body.timezones).toContainEqual({ name: 'America/New_York', utcOffset: '-04:00' });
    });

    it('lists only names that a start may have', async () => {
      const { body } = await app.get('/timezones', null);

      const answers = await Promise.all(
        body.timezones
          .filter((_: object, at: number) => at % 60 === 0)
          .map(async ({ name }: { name: string }) => {
            const query = new URLSearchParams({ scheduledStartTime: '2028-01-01T09:00:00', timezone: name });
            return (await app.get(`/batch/schedule/preview?${query.toString()}`)).body.timezone === name;
          }),
      );
      expect(answers).toEqual(answers.map(() => true));
    });

    it('refuses parameters', async () => {
      const { status, body } = await app.get('/timezones?region=Europe', null);

      expect([status, body.code]).toEqual([400, 'invalid_request']);
    });
  });

  describe('GET /timezones/version', () => {
    it('tells the version in use and that of Node.js, without a key, and is not kept', async () => {
      const { status, body, headers } = await app.get('/timezones/version', null);

      expect([status, headers.get('cache-control')]).toEqual([200, 'no-cache']);
      expect(body).toEqual({ tzdbVersion: moment.tz.dataVersion, runtimeTzdbVersion: process.versions.tz });
    });
  });
});
