import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contacts, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('contacts', () => {
  let app: TestApp;
  let id: string;
  beforeAll(async () => {
    app = await TestApp.start();
    id = await app.create({ contacts: contacts(7) });
    await app.setContactStatus(id, 2, 'busy');
    await app.setContactStatus(id, 5, 'busy');
  });
  afterAll(() => app.stop());

  const list = (query: Readonly<Record<string, string>> = {}, of = id): Promise<Answer> =>
    app.get(`/batch/jobs/${of}/contacts?${new URLSearchParams(query).toString()}`);
  const numbersOf = ({ body }: Answer): string[] =>
    body.contacts.map((contact: { phoneNumber: string }) => contact.phoneNumber);
  const NUMBERS = contacts(7).map(({ phone }) => phone);

  describe('GET /batch/jobs/:id/contacts', () => {
    it('200: a page in the order of the list, each contact as in the detail', async () => {
      const { status, body } = await list({ page: '2', pageSize: '3' });

      const detail = await app.get(`/batch/jobs/${id}?contactsPage=2&contactsPageSize=3`);
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          batchJobId: id,
          contacts: detail.body.contacts,
          total: 7,
          page: 2,
          pageSize: 3,
          hasMore: true,
          nextCursor: expect.any(String),
        },
      });
      expect(body.contacts.map((contact: { phoneNumber: string }) => contact.phoneNumber)).toEqual(NUMBERS.slice(3, 6));
    });

    it('200: 50 on a page unless asked otherwise, and no page behind the last', async () => {
      const all = await list();
      expect(all.body).toMatchObject({ page: 1, pageSize: 50, hasMore: false, nextCursor: null });
      expect(numbersOf(all)).toEqual(NUMBERS);
      expect((await list({ page: '2' })).body).toMatchObject({
        contacts: [],
        total: 7,
        hasMore: false,
        nextCursor: null,
      });
    });

    it('200: cursors lead through the whole list, each contact once', async () => {
      const seen: string[][] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const answer = await list({ pageSize: '3', ...(cursor && { cursor }) });
        expect(answer.body).toMatchObject({ total: 7, page: cursor === '' ? 1 : null });
        seen.push(numbersOf(answer));
        cursor = answer.body.nextCursor;
      }
      expect(seen).toEqual([NUMBERS.slice(0, 3), NUMBERS.slice(3, 6), NUMBERS.slice(6)]);
    });

    it('200: only contacts in one status, with a cursor, too', async () => {
      const first = await list({ contactStatus: 'busy', pageSize: '1' });
      const second = await list({ contactStatus: 'busy', pageSize: '1', cursor: first.body.nextCursor });
      expect([...numbersOf(first), ...numbersOf(second)]).toEqual([NUMBERS[1], NUMBERS[4]]);
      expect([first.body.total, second.body.total, second.body.nextCursor]).toEqual([2, 2, null]);
      expect((await list({ contactStatus: 'failed' })).body).toMatchObject({ contacts: [], total: 0 });
    });

    it.each([
      [{ contactStatus: 'done' }, 'invalid_contact_status', 'contactStatus'],
      [{ page: '0' }, 'invalid_page', 'page'],
      [{ pageSize: '501' }, 'invalid_page_size', 'pageSize'],
      [{ cursor: 'next' }, 'invalid_page', 'cursor'],
      [{ cursor: 'NTA', page: '2' }, 'invalid_page', 'page'],
      [{ contactsPage: '1' }, 'invalid_request', 'contactsPage'],
    ])('400: %j is %s', async (query, code, parameter) => {
      expect(await list(query as unknown as Record<string, string>)).toMatchObject({
        status: 400,
        body: { code, errors: [{ parameter }] },
      });
    });

    it.each([UNKNOWN_ID, 'batch_none'])('404: %s', async (unknown) => {
      expect(await list({}, unknown)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    });
  });
});
