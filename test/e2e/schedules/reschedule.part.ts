import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { BATCH_JOB_STATUSES } from '../../../src/batch-jobs/batch-job.status.js';
import { TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('reschedule', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  /** The worked examples of the contract; the job's clock is set so that each time is in the future. */
  const MOVED = [
    ['2025-03-01T10:00:00', 'America/New_York', '2025-03-01T15:00:00Z', '2025-03-01T10:00:00-05:00[America/New_York]'],
    ['2025-03-01T09:00:00', 'UTC', '2025-03-01T09:00:00Z', '2025-03-01T09:00:00+00:00[UTC]'],
    ['2025-03-02T09:00:00', 'America/New_York', '2025-03-02T14:00:00Z', '2025-03-02T09:00:00-05:00[America/New_York]'],
    ['2025-03-01T09:00:00', 'America/Chicago', '2025-03-01T15:00:00Z', '2025-03-01T09:00:00-06:00[America/Chicago]'],
    [
      '2025-03-10T10:00:00',
      'America/Los_Angeles',
      '2025-03-10T17:00:00Z',
      '2025-03-10T10:00:00-07:00[America/Los_Angeles]',
    ],
  ] as const;

  const NOW = '2025-02-20T00:00:00Z';
  const LATER = { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'America/New_York' };

  const scheduled = async (): Promise<string> => {
    await app.setNow(NOW);
    return app.create({ scheduledStartTime: '2025-02-25T09:00:00' });
  };
  const pending = async (): Promise<string> => {
    await app.setNow(NOW);
    return app.create();
  };
  const patch = (id: string, query: string, init: RequestInit = {}, key?: string | null): Promise<Answer> =>
    app.send('PATCH', `/batch/jobs/${id}/reschedule?${query}`, init, key);

  /** Sends the path as it stands: `fetch` would tidy it up. */
  const patchRaw = (path: string, headers: Record<string, string> = {}): Promise<{ status: number; code: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      const authorization = `Bearer ${app.key}`;
      request({ hostname, port, method: 'PATCH', path, headers: { authorization, ...headers } }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, code: (JSON.parse(text) as { code: string }).code }),
        );
      })
        .on('error', reject)
        .end();
    });

  describe('PATCH /batch/jobs/:id/reschedule', () => {
    describe('200', () => {
      it.each(MOVED)('moves a scheduled job to %s in %s', async (scheduledStartTime, timezone, expected, local) => {
        const id = await scheduled();

        const { status, body } = await app.reschedule(id, { scheduledStartTime, timezone });

        expect({ status, body }).toEqual({
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
            localStartTime: local,
            resolution: 'exact',
            scheduleRevision: 2,
            warnings: [],
            etag: '"2.2"',
          },
        });
        const delayed = await app.delayed();
        expect(delayed.get(`${id}.r2`)).toBe(new Date(expected).toISOString());
        expect(delayed.has(`${id}.r1`)).toBe(false);
      });

      it('gives the seven fields of the vendor first, in their order', async () => {
        const { body } = await app.reschedule(await scheduled(), LATER);
        expect(Object.keys(body as object).slice(0, 7)).toEqual([
          'success',
          'message',
          'batchJobId',
          'scheduledStartTime',
          'status',
          'oldJobCancelled',
          'newScheduledJobId',
        ]);
      });

      it('schedules a pending job, whose first queue job this is', async () => {
        const id = await pending();

        const { status, body } = await app.reschedule(id, {
          scheduledStartTime: '2025-03-01T09:00:00',
          timezone: 'Europe/London',
        });

        expect({ status, body }).toMatchObject({
          status: 200,
          body: {
            message: 'Scheduled successfully',
            scheduledStartTime: '2025-03-01T09:00:00Z',
            status: 'scheduled',
            oldJobCancelled: false,
            newScheduledJobId: `${id}.r1`,
            scheduleRevision: 1,
          },
        });
        expect((await app.delayed()).get(`${id}.r1`)).toBe('2025-03-01T09:00:00.000Z');
        expect((await app.get(`/batch/jobs/${id}`)).body).toMatchObject({
          status: 'scheduled',
          scheduledStartTime: '2025-03-01T09:00:00Z',
          timezone: 'Europe/London',
        });
      });

      it('says that no old job was cancelled when Redis had lost it', async () => {
        const id = await scheduled();
        await app.loseQueueJob(`${id}.r1`);

        const { body } = await app.reschedule(id, LATER);

        expect(body).toMatchObject({ message: 'Rescheduled successfully', oldJobCancelled: false });
        expect((await app.delayed()).has(`${id}.r2`)).toBe(true);
      });

      it('takes UTC when no zone is given', async () => {
        const { body } = await app.reschedule(await scheduled(), { scheduledStartTime: '2025-03-01T09:00:00' });
        expect(body).toMatchObject({ scheduledStartTime: '2025-03-01T09:00:00Z', timezone: 'UTC' });
      });

      describe('of a batch in New York', () => {
        const inNewYork = async (start = '2025-02-25T09:00:00'): Promise<string> => {
          await app.setNow(NOW);
          return app.create({ scheduledStartTime: start, timezone: 'America/New_York' });
        };
        const WARNING =
          "2025-03-01T10:00:00 was read in UTC, as no timezone was given; in America/New_York, the batch's timezone before, " +
          'it would have been 2025-03-01T10:00:00-05:00[America/New_York], 2025-03-01T15:00:00Z in UTC.';

        it.each(['2025-02-25T09:00:00', '2025-02-25T14:00:00Z'])(
          'first to start at %s, says that a wall time without a zone was read in UTC',
          async (start) => {
            const { status, body } = await app.reschedule(await inNewYork(start), {
              scheduledStartTime: '2025-03-01T10:00:00',
            });

            expect({ status, body }).toMatchObject({
              status: 200,
              body: { scheduledStartTime: '2025-03-01T10:00:00Z', timezone: 'UTC', warnings: [WARNING] },
            });
          },
        );

        it('says it again when the request is repeated', async () => {
          const id = await inNewYork();
          const init = { headers: { 'idempotency-key': randomUUID() } };
          const move = () => patch(id, 'scheduledStartTime=2025-03-01T10:00:00', init);

          const [first, again] = [await move(), await move()];

          expect(first.body.warnings).toEqual([WARNING]);
          expect(again.body).toEqual(first.body);
        });

        it.each<Record<string, string>>([
          { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'UTC' },
          { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'America/New_York' },
          { scheduledStartTime: '2025-03-01T10:00:00-05:00[America/New_York]' },
          { scheduledStartTime: '2025-03-01T15:00:00Z' },
          { scheduledStartTime: '2025-03-01T10:00:00-05:00' },
        ])('says nothing of what was asked for: $scheduledStartTime, $timezone', async (query) => {
          expect((await app.reschedule(await inNewYork(), query)).body).toMatchObject({ warnings: [] });
        });
      });

      it('counts every move, and writes each into the history with who asked and the request', async () => {
        const id = await scheduled();
        await patch(id, new URLSearchParams(LATER).toString(), { headers: { 'x-request-id': 'move-1' } });
        const { body } = await app.reschedule(id, { scheduledStartTime: '2025-03-04T10:00:00' });
        expect(body).toMatchObject({ scheduleRevision: 3, newScheduledJobId: `${id}.r3` });

        const history = await app.database.query(
          `select action, request_id, actor, before->>'startsAt' as before, after->>'startsAt' as after
           from batch_job_history where batch_job_id = $1 order by id`,
          [id],
        );
        expect(history).toMatchObject([
          { action: 'created', before: null, after: '2025-02-25T09:00:00.000Z' },
          {
            action: 'rescheduled',
            request_id: 'move-1',
            actor: expect.stringMatching(/^key_/),
            before: '2025-02-25T09:00:00.000Z',
            after: '2025-03-01T15:00:00.000Z',
          },
          { action: 'rescheduled', before: '2025-03-01T15:00:00.000Z', after: '2025-03-04T10:00:00.000Z' },
        ]);
      });

      it('leaves every other job and its queue job as they were', async () => {
        const [id, neighbour] = [await scheduled(), await scheduled()];
        const before = await app.get(`/batch/jobs/${neighbour}`);
        const timer = (await app.delayed()).get(`${neighbour}.r1`);

        await app.reschedule(id, LATER);

        expect((await app.get(`/batch/jobs/${neighbour}`)).body).toEqual(before.body);
        expect((await app.delayed()).get(`${neighbour}.r1`)).toBe(timer);
      });

      it.each([
        ['an instant', { scheduledStartTime: '2025-03-01T15:00:00Z' }, '2025-03-01T15:00:00Z', 'UTC'],
        ['an offset', { scheduledStartTime: '2025-03-01T20:00:00+05:00' }, '2025-03-01T15:00:00Z', 'UTC'],
        [
          'a zone in the suffix',
          { scheduledStartTime: '2025-03-01T10:00:00-05:00[America/New_York]' },
          '2025-03-01T15:00:00Z',
          'America/New_York',
        ],
        [
          'a zone in another case',
          { scheduledStartTime: '2025-03-01 10:00', timezone: 'america/new_york' },
          '2025-03-01T15:00:00Z',
          'America/New_York',
        ],
        [
          'a link',
          { scheduledStartTime: '2025-03-01T10:00', timezone: 'US/Eastern' },
          '2025-03-01T15:00:00Z',
          'US/Eastern',
        ],
        ['milliseconds', { scheduledStartTime: '2025-03-01T10:00:00.2509' }, '2025-03-01T10:00:00.250Z', 'UTC'],
      ])('takes %s', async (_, query, scheduledStartTime, timezone) => {
        const { status, body } = await app.reschedule(await scheduled(), query);
        expect({ status, body }).toMatchObject({ status: 200, body: { scheduledStartTime, timezone } });
      });

      it('reads a plus sign that was not escaped, and says so', async () => {
        const { body } = await patch(await scheduled(), 'scheduledStartTime=2025-03-01T10:00:00+05:00');
        expect(body).toMatchObject({
          scheduledStartTime: '2025-03-01T05:00:00Z',
          warnings: [expect.stringContaining('%2B')],
        });
      });

      it.each([
        ['compatible', '2025-03-09T03:30:00-04:00', '2025-03-09T07:30:00Z'],
        ['later', '2025-03-09T03:30:00-04:00', '2025-03-09T07:30:00Z'],
        ['earlier', '2025-03-09T01:30:00-05:00', '2025-03-09T06:30:00Z'],
      ])('moves a skipped wall time with %s and warns', async (disambiguation, local, scheduledStartTime) => {
        const { body } = await app.reschedule(await scheduled(), {
          scheduledStartTime: '2025-03-09T02:30:00',
          timezone: 'America/New_York',
          disambiguation,
        });
        expect(body).toMatchObject({
          scheduledStartTime,
          localStartTime: `${local}[America/New_York]`,
          resolution: 'gap',
          warnings: [expect.stringContaining('does not exist')],
        });
      });

      it.each([
        ['compatible', '2025-11-02T05:30:00Z'],
        ['earlier', '2025-11-02T05:30:00Z'],
        ['later', '2025-11-02T06:30:00Z'],
      ])('chooses between two wall times with %s and warns', async (disambiguation, scheduledStartTime) => {
        const { body } = await app.reschedule(await scheduled(), {
          scheduledStartTime: '2025-11-02T01:30:00',
          timezone: 'America/New_York',
          disambiguation,
        });
        expect(body).toMatchObject({
          scheduledStartTime,
          resolution: 'overlap',
          warnings: [expect.stringContaining('happens twice')],
        });
      });

      it('takes a start one second ahead', async () => {
        const id = await scheduled();
        await app.setNow('2025-02-21T08:59:58Z');
        expect(await app.reschedule(id, { scheduledStartTime: '2025-02-21T09:00:00' })).toMatchObject({ status: 200 });
      });

      it('moves a job whose start has just passed and was not claimed yet', async () => {
        const id = await scheduled();
        await app.setNow('2025-02-25T09:00:01Z');
        expect(await app.reschedule(id, LATER)).toMatchObject({ status: 200, body: { scheduleRevision: 2 } });
      });
    });

    describe('400', () => {
      const REFUSED = BATCH_JOB_STATUSES.filter((status) => !['pending', 'scheduled'].includes(status));

      it.each(REFUSED)('invalid_status: refuses a %s job and changes nothing', async (status) => {
        const id = await scheduled();
        await app.setStatus(id, status);
        const before = await app.everything();

        const answer = await app.reschedule(id, LATER);

        expect(answer).toMatchObject({
          status: 400,
          body: {
            code: 'invalid_status',
            detail: `Cannot reschedule job in '${status}' status. Only 'scheduled' and 'pending' jobs can be rescheduled.`,
            currentStatus: status,
            allowedStatuses: expect.arrayContaining(['scheduled', 'pending']),
          },
        });
        expect(answer.body.allowedStatuses).toHaveLength(2);
        expect(await app.everything()).toEqual(before);
      });

      const ADVICE = "Use an IANA time zone name such as 'America/New_York', 'Asia/Karachi' or 'UTC'.";
      it.each([
        ['Invalid/Timezone', `Invalid timezone 'Invalid/Timezone'. ${ADVICE}`],
        ['+05:00', `Invalid timezone '+05:00'. ${ADVICE}`],
        ['PST', `Invalid timezone 'PST'. ${ADVICE}`],
        ['GMT+5', `Invalid timezone 'GMT+5'. ${ADVICE}`],
        ['local', `Invalid timezone 'local'. ${ADVICE}`],
        ['', `Invalid timezone ''. ${ADVICE}`],
        ['A'.repeat(65), `Invalid timezone of 65 characters. ${ADVICE}`],
        ['../../../etc/passwd', `Invalid timezone '../../../etc/passwd'. ${ADVICE}`],
        ['UTC\0', `Invalid timezone 'UTC'. ${ADVICE}`],
      ])('invalid_timezone: %j', async (timezone, detail) => {
        const id = await pending();
        const before = await app.everything();

        const { status, body } = await app.reschedule(id, { ...LATER, timezone });

        expect({ status, body }).toMatchObject({ status: 400, body: { code: 'invalid_timezone', detail } });
        expect(await app.everything()).toEqual(before);
      });

      it('invalid_timezone: suggests the zone that was nearly named', async () => {
        const { body } = await app.reschedule(await pending(), { ...LATER, timezone: 'America/NewYork' });
        expect(body).toMatchObject({ code: 'invalid_timezone', suggestions: ['America/New_York'] });
      });

      it('invalid_timezone: another zone in the suffix', async () => {
        const { body } = await app.reschedule(await pending(), {
          scheduledStartTime: '2025-03-01T10:00:00-05:00[America/New_York]',
          timezone: 'UTC',
        });
        expect(body).toMatchObject({ status: 400, code: 'invalid_timezone', suggestions: ['America/New_York'] });
      });

      it.each([
        ['nothing', {}, 'missing'],
        ['an empty text', { scheduledStartTime: '' }, 'missing'],
        ['a word', { scheduledStartTime: 'tomorrow' }, 'format'],
        ['a date', { scheduledStartTime: '2025-03-01' }, 'format'],
        ['seconds since 1970', { scheduledStartTime: '1740841200' }, 'format'],
        ['text behind', { scheduledStartTime: '2025-03-01T10:00:00 or so' }, 'format'],
        ['30 February', { scheduledStartTime: '2025-02-30T10:00:00' }, 'out_of_range'],
        ['24:00', { scheduledStartTime: '2025-03-01T24:00:00' }, 'out_of_range'],
        ['a leap second', { scheduledStartTime: '2025-03-01T10:00:60' }, 'out_of_range'],
        [
          'an offset of another zone',
          { scheduledStartTime: '2025-03-01T10:00:00+05:00', timezone: 'America/New_York' },
          'offset_mismatch',
        ],
        ['a day more than a year ahead', { scheduledStartTime: '2026-02-22T00:00:00' }, 'too_far'],
        [
          'a skipped time with reject',
          { scheduledStartTime: '2025-03-09T02:30:00', timezone: 'America/New_York', disambiguation: 'reject' },
          'nonexistent_local_time',
        ],
        [
          'a repeated time with reject',
          { scheduledStartTime: '2025-11-02T01:30:00', timezone: 'America/New_York', disambiguation: 'reject' },
          'ambiguous_local_time',
        ],
      ])('invalid_datetime: %s', async (_, query, reason) => {
        const id = await scheduled();
        const before = await app.everything();

        const { status, body } = await app.reschedule(id, query);

        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'invalid_datetime', reason, detail: expect.stringContaining('2025-03-01T10:00:00') },
        });
        expect(await app.everything()).toEqual(before);
      });

      it('invalid_datetime: reject names the two neighbouring times', async () => {
        const gap = await app.reschedule(await scheduled(), {
          scheduledStartTime: '2025-03-09T02:30:00',
          timezone: 'America/New_York',
          disambiguation: 'reject',
        });
        expect(gap.body.suggestions).toEqual([
          '2025-03-09T01:30:00-05:00[America/New_York]',
          '2025-03-09T03:30:00-04:00[America/New_York]',
        ]);
        const overlap = await app.reschedule(await scheduled(), {
          scheduledStartTime: '2025-11-02T01:30:00',
          timezone: 'America/New_York',
          disambiguation: 'reject',
        });
        expect(overlap.body.suggestions).toEqual([
          '2025-11-02T01:30:00-04:00[America/New_York]',
          '2025-11-02T01:30:00-05:00[America/New_York]',
        ]);
      });

      it('past_scheduled_time: a start in the past changes nothing', async () => {
        const id = await scheduled();
        const before = await app.everything();

        const answer = await app.reschedule(id, { scheduledStartTime: '2025-02-19T23:59:59' });

        expect(answer).toMatchObject({
          status: 400,
          body: { code: 'past_scheduled_time', detail: expect.stringContaining('must be in the future') },
        });
        expect(await app.everything()).toEqual(before);
      });

      it('past_scheduled_time: now itself is past', async () => {
        const id = await pending();
        // A clock that stands, so that the asked time is now to the millisecond.
        await app.database.query(`alter function public.clock_timestamp() rename to moving_clock_timestamp`);
        await app.database.query(`create function public.clock_timestamp() returns timestamptz volatile language sql
        as $$ select timestamptz '2025-03-01T15:00:00Z' $$`);
        try {
          expect(await app.reschedule(id, LATER)).toMatchObject({ status: 400, body: { code: 'past_scheduled_time' } });
          const next = { scheduledStartTime: '2025-03-01T15:00:00.001Z' };
          expect(await app.reschedule(id, next)).toMatchObject({ status: 200 });
        } finally {
          await app.database.query(`drop function public.clock_timestamp()`);
          await app.database.query(`alter function public.moving_clock_timestamp() rename to clock_timestamp`);
        }
      });

      it.each([
        ['timeZone', 'timezone'],
        ['scheduled_start_time', 'scheduledStartTime'],
        ['disambiguaton', 'disambiguation'],
      ])('invalid_request: names %s and that it may be %s', async (given, nearest) => {
        const { status, body } = await app.reschedule(await scheduled(), { ...LATER, [given]: 'x' });
        expect({ status, body }).toMatchObject({
          status: 400,
          body: {
            code: 'invalid_request',
            detail: expect.stringContaining(`'${given}'`),
            errors: [{ parameter: given, detail: expect.stringContaining(`'${nearest}'`) }],
          },
        });
      });

      it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toSchedule', 'scheduledStartTime[]'])(
        'invalid_request: %s is as unknown as any other',
        async (name) => {
          const { status, body } = await app.reschedule(await scheduled(), { ...LATER, [name]: 'x' });
          expect({ status, body }).toMatchObject({
            status: 400,
            body: { code: 'invalid_request', errors: [{ parameter: name }] },
          });
        },
      );

      it.each(['timezone', 'scheduledStartTime', 'disambiguation'])('invalid_request: %s given twice', async (name) => {
        const query = new URLSearchParams({ ...LATER, disambiguation: 'compatible' });
        query.append(name, query.get(name) ?? '');
        const { status, body } = await patch(await scheduled(), query.toString());
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: name, detail: expect.stringContaining('once') }] },
        });
      });

      it('invalid_request: a disambiguation that is none', async () => {
        const { body } = await app.reschedule(await scheduled(), { ...LATER, disambiguation: 'guess' });
        expect(body).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ parameter: 'disambiguation' }] });
      });
    });

    describe('404', () => {
      const NOT_FOUND = { status: 404, body: { code: 'job_not_found', detail: 'Batch job not found' } };

      it('an unknown id', async () => {
        await app.setNow(NOW);
        expect(await app.reschedule(UNKNOWN_ID, LATER)).toMatchObject(NOT_FOUND);
      });

      it('a batch of another organization, which stays where it is', async () => {
        const id = await scheduled();
        const before = await app.everything();
        expect(await app.reschedule(id, LATER, app.otherKey)).toMatchObject(NOT_FOUND);
        expect(await app.everything()).toEqual(before);
      });

      it('an id in small letters', async () => {
        const id = await scheduled();
        expect(await app.reschedule(id.toLowerCase(), LATER)).toMatchObject(NOT_FOUND);
      });

      it.each([
        ['U+0000', '%00'],
        ['U+0000 behind an id', `${UNKNOWN_ID}%00`],
        ['a slash', 'a%2Fb'],
        ['dots', '%2E%2E'],
        ['a quote', "'%20or%201=1--"],
        ['200 characters', 'x'.repeat(200)],
        ['10,000 characters', 'x'.repeat(10_000)],
        ['other letters', '%F0%9F%93%9E'],
      ])('%s instead of an id', async (_, id) => {
        await app.setNow(NOW);
        const path = `/batch/jobs/${id}/reschedule?${new URLSearchParams(LATER).toString()}`;
        expect(await patchRaw(path)).toEqual({ status: 404, code: 'job_not_found' });
      });
    });

    describe('order of checks', () => {
      it('the zone of a job that is unknown', async () => {
        await app.setNow(NOW);
        const { body } = await app.reschedule(UNKNOWN_ID, { ...LATER, timezone: 'Nowhere/Land' });
        expect(body).toMatchObject({ status: 400, code: 'invalid_timezone' });
      });

      it('unknown before past', async () => {
        await app.setNow(NOW);
        const { body } = await app.reschedule(UNKNOWN_ID, { scheduledStartTime: '2020-01-01T00:00:00' });
        expect(body).toMatchObject({ status: 404, code: 'job_not_found' });
      });

      it('running before past', async () => {
        const id = await scheduled();
        await app.setStatus(id, 'running');
        const { body } = await app.reschedule(id, { scheduledStartTime: '2020-01-01T00:00:00' });
        expect(body).toMatchObject({ status: 400, code: 'invalid_status' });
      });

      it('the form of the time before the status', async () => {
        const id = await scheduled();
        await app.setStatus(id, 'running');
        const { body } = await app.reschedule(id, { scheduledStartTime: 'soon' });
        expect(body).toMatchObject({ status: 400, code: 'invalid_datetime' });
      });

      it('the key before a body that cannot be read', async () => {
        const init = { body: '{"not json', headers: { 'content-type': 'application/json' } };
        const answer = await patch(UNKNOWN_ID, '', init, null);
        expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
      });
    });

    it('settles moves at once on one job: each gets a revision of its own, and one queue job is left', async () => {
      const id = await scheduled();

      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, hour) =>
          app.reschedule(id, { scheduledStartTime: `2025-03-01T0${hour}:00:00` }),
        ),
      );

      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
      const revisions = answers.map(({ body }) => body.scheduleRevision as number).toSorted((a, b) => a - b);
      expect(revisions).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      const last = answers.find(({ body }) => body.scheduleRevision === 11);
      const { body } = await app.get(`/batch/jobs/${id}`);
      expect(body).toMatchObject({ scheduleRevision: 11, scheduledStartTime: last?.body.scheduledStartTime });
    });
  });
});
