import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aBatch, TestApp, type Answer } from '../../support/test-app.js';

describe('list', () => {
  let app: TestApp;
  /** Made one after the other, an hour apart: the newest is last here and first in the list. */
  let ids: string[];
  beforeAll(async () => {
    app = await TestApp.start();
    ids = [];
    await app.setNow('2025-02-20T00:00:00Z');
    for (let hour = 0; hour < 7; hour += 1) {
      const id = await app.create({ name: `job ${hour}`, scheduledStartTime: `2025-03-0${hour + 1}T09:00:00` });
      // Its default is bound to the clock of PostgreSQL itself, which cannot be set.
      await app.database.query('update batch_jobs set created_at = $2 where id = $1', [
        id,
        `2025-02-20T0${hour}:00:00Z`,
      ]);
      ids.push(id);
    }
    await app.create({ fromPhoneNumberId: 'phone_b', name: 'not theirs' }, app.otherKey);
  });
  afterAll(() => app.stop());

  const list = (query = ''): Promise<Answer> => app.get(`/batch/jobs${query}`);
  const idsOf = ({ body }: Answer): string[] => body.batchJobs.map(({ id }: { id: string }) => id);
  const newestFirst = (): string[] => ids.toReversed();

  describe('GET /batch/jobs', () => {
    describe('200', () => {
      it('shows every fact of a job', async () => {
        const { status, body } = await list('?pageSize=1');

        expect({ status, body }).toEqual({
          status: 200,
          body: {
            batchJobs: [
              expect.objectContaining({
                id: ids.at(-1),
                name: 'job 6',
                description: null,
                status: 'scheduled',
                organizationId: 'org_a',
                agentId: 'agent_a',
                fromPhoneNumberId: 'phone_a',
                totalContacts: 2,
                contactsProcessed: 0,
                successfulCalls: 0,
                failedCalls: 0,
                concurrentCallLimit: 5,
                retryPolicy: { maxAttempts: 3, retryableStatuses: ['no_answer', 'busy', 'timeout'] },
                scheduledStartTime: '2025-03-07T09:00:00Z',
                timezone: 'UTC',
                actualStartTime: null,
                completedAt: null,
                createdAt: '2025-02-20T06:00:00Z',
                localStartTime: '2025-03-07T09:00:00+00:00[UTC]',
              }),
            ],
            total: 7,
            isTotalExact: true,
            page: 1,
            pageSize: 1,
            nextCursor: expect.any(String),
          },
        });
      });

      it('lists the newest first, twenty on a page, and no job of another organization', async () => {
        const answer = await list();
        expect(answer.body).toMatchObject({ total: 7, page: 1, pageSize: 20, nextCursor: null });
        expect(idsOf(answer)).toEqual(newestFirst());
      });

      it('pages by number', async () => {
        const pages = [
          await list('?pageSize=3&page=1'),
          await list('?pageSize=3&page=2'),
          await list('?pageSize=3&page=3'),
        ];
        expect(pages.map((page) => idsOf(page).length)).toEqual([3, 3, 1]);
        expect(pages.flatMap(idsOf)).toEqual(newestFirst());
        expect(pages.map(({ body }) => body.nextCursor !== null)).toEqual([true, true, false]);
      });

      it('shows an empty page behind the last', async () => {
        expect((await list('?page=99')).body).toMatchObject({ batchJobs: [], total: 7, page: 99, nextCursor: null });
      });

      it.each([
        ['status=scheduled', () => newestFirst()],
        ['status=pending', () => []],
        ['startsAfter=2025-03-04T09:00:00Z', () => [ids[6], ids[5], ids[4], ids[3]]],
        ['startsBefore=2025-03-04T09:00:00Z', () => [ids[2], ids[1], ids[0]]],
        ['startsAfter=2025-03-02T09:00:00Z&startsBefore=2025-03-03T09:00:00.001Z', () => [ids[2], ids[1]]],
        ['startsAfter=2025-03-07T04:00:00-05:00', () => [ids[6]]],
        ['organizationId=org_a&pageSize=100', () => newestFirst()],
      ])('filters by %s', async (query, expected) => {
        const answer = await list(`?${query}`);
        expect(idsOf(answer)).toEqual(expected());
        expect(answer.body.total).toBe(expected().length);
      });
    });

    describe('cursor', () => {
      it('shows each job once while others are created and pages by number would move', async () => {
        const theirs = { ...aBatch(), fromPhoneNumberId: 'phone_b' };
        const before = (await app.get('/batch/jobs?pageSize=100', app.otherKey)).body.total as number;
        const made: string[] = [];
        for (let at = 0; at < 5; at += 1) made.push(await app.create(theirs, app.otherKey));

        const seen: string[] = [];
        let cursor: string | null = '';
        while (cursor !== null) {
          const query: string = cursor === '' ? '?pageSize=2' : `?pageSize=2&cursor=${cursor}`;
          const page = await app.get(`/batch/jobs${query}`, app.otherKey);
          expect(page.status).toBe(200);
          seen.push(...idsOf(page));
          cursor = page.body.nextCursor as string | null;
          await app.create(theirs, app.otherKey);
        }

        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.slice(0, 5)).toEqual(made.toReversed());
        expect(seen).toHaveLength(5 + before);
      });

      it('orders jobs of one instant by their id, on either side of a page', async () => {
        await app.database.query(`update batch_jobs set created_at = $1 where id = any ($2)`, [
          '2025-02-20T03:00:00Z',
          ids.slice(2, 5),
        ]);
        const first = await list('?pageSize=3');
        const rest = await list(`?pageSize=10&cursor=${first.body.nextCursor}`);
        expect([...idsOf(first), ...idsOf(rest)]).toEqual(newestFirst());
        expect(rest.body).toMatchObject({ page: null, total: 7, nextCursor: null });
      });

      it('keeps the filter that is given with it', async () => {
        const first = await list('?pageSize=1&startsBefore=2025-03-04T09:00:00Z');
        const rest = await list(`?pageSize=5&startsBefore=2025-03-04T09:00:00Z&cursor=${first.body.nextCursor}`);
        expect([...idsOf(first), ...idsOf(rest)]).toEqual([ids[2], ids[1], ids[0]]);
      });

      it.each(['nonsense', 'MjAyNQ', '', '%00', 'a'.repeat(5_000)])('400 invalid_page: %.20s', async (cursor) => {
        const { status, body } = await list(`?cursor=${cursor}`);
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'invalid_page', errors: [{ parameter: 'cursor' }] },
        });
      });

      it('400 invalid_page: beside a page', async () => {
        const { body } = await list('?pageSize=1');
        expect((await list(`?page=2&cursor=${body.nextCursor}`)).body).toMatchObject({
          status: 400,
          code: 'invalid_page',
        });
      });

      it("tells nothing of another organization's jobs", async () => {
        const { body } = await app.get('/batch/jobs?pageSize=1', app.otherKey);
        const answer = await list(`?cursor=${body.nextCursor}`);
        expect(idsOf(answer)).toEqual(newestFirst());
      });
    });

    describe('400', () => {
      it.each([
        ['page=0', 'invalid_page', 'page'],
        ['page=-1', 'invalid_page', 'page'],
        ['page=1.5', 'invalid_page', 'page'],
        ['page=one', 'invalid_page', 'page'],
        ['page=', 'invalid_page', 'page'],
        ['page=99999999999999999999', 'invalid_page', 'page'],
        ['pageSize=0', 'invalid_page_size', 'pageSize'],
        ['pageSize=101', 'invalid_page_size', 'pageSize'],
        ['pageSize=ten', 'invalid_page_size', 'pageSize'],
        ['status=Scheduled', 'invalid_status', 'status'],
        ['status=done', 'invalid_status', 'status'],
        ['status=', 'invalid_status', 'status'],
        ['startsAfter=tomorrow', 'invalid_datetime', 'startsAfter'],
        ['startsBefore=2025-03-01T09:00:00', 'invalid_datetime', 'startsBefore'],
        ['page_size=5', 'invalid_request', 'page_size'],
        ['page=1&page=2', 'invalid_request', 'page'],
        ['status=pending&status=running', 'invalid_request', 'status'],
      ])('%s: %s', async (query, code, parameter) => {
        const { status, body } = await list(`?${query}`);
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code, detail: expect.stringContaining(`'${parameter}'`), errors: [{ parameter }] },
        });
      });

      it('names the nearest parameter', async () => {
        expect((await list('?pagesize=5')).body.detail).toContain("Did you mean 'pageSize'?");
      });

      it('takes the largest page and the smallest', async () => {
        expect((await list('?pageSize=100')).status).toBe(200);
        expect((await list('?pageSize=1')).status).toBe(200);
      });
    });

    it('403: another organization is asked for, there or not', async () => {
      for (const organizationId of ['org_b', 'org_nowhere', '']) {
        const { status, body } = await list(`?organizationId=${organizationId}`);
        expect({ status, body }).toMatchObject({ status: 403, body: { code: 'organization_mismatch' } });
      }
    });

    describe('name', () => {
      const NAMES = [
        'Payment reminders',
        'REMINDERS of May',
        'Café Zürich',
        '100% off',
        '50 percent',
        'under_score',
        'back\\slash',
      ];
      let named: Map<string, string>;
      beforeAll(async () => {
        named = new Map();
        for (const name of NAMES)
          named.set(name, await app.create({ name, scheduledStartTime: '2025-04-01T09:00:00' }));
      });
      const found = async (name: string, more = ''): Promise<Answer> =>
        list(`?name=${encodeURIComponent(name)}${more}`);

      it.each([
        ['reminder', ['REMINDERS of May', 'Payment reminders']],
        ['REMINDERS', ['REMINDERS of May', 'Payment reminders']],
        ['CAFÉ', ['Café Zürich']],
        ['ü', ['Café Zürich']],
        ['%', ['100% off']],
        ['_', ['under_score']],
        ['\\', ['back\\slash']],
        ['not theirs', []],
        ["' or true --", []],
      ])('finds by the part %j, in any case: %j', async (part, expected) => {
        const { status, body } = await found(part);
        expect([status, body.total]).toEqual([200, expected.length]);
        expect(body.batchJobs.map(({ name }: { name: string }) => name)).toEqual(expected);
      });

      it('goes with the other filters, with pages and with cursors', async () => {
        const first = await found('reminder', '&pageSize=1&status=scheduled');
        expect(first.body).toMatchObject({ total: 2, batchJobs: [{ name: 'REMINDERS of May' }] });
        const cursor = String(first.body.nextCursor);
        const byCursor = await found('reminder', `&pageSize=1&cursor=${cursor}`);
        expect(byCursor.body).toMatchObject({ total: 2, batchJobs: [{ name: 'Payment reminders' }], nextCursor: null });
        expect((await found('reminder', '&pageSize=1&page=2')).body.batchJobs).toEqual(byCursor.body.batchJobs);
        expect((await found('reminder', '&status=pending')).body.total).toBe(0);
      });

      it.each(['', 'x'.repeat(201), 'a\u0000b'])('400 invalid_request: %j', async (part) => {
        expect(await found(part)).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'name' }] },
        });
      });
    });
  });
});
