import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request, type ClientRequest } from 'node:http';
import { eventually } from '../support/eventually.js';
import { openSpools } from '../support/open-spools.js';
import { aBatch, aForm, TestApp, type Answer } from '../support/test-app.js';

/** More than is kept in memory while it is read. */
const LONG = 9_000;

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ settings: { maxUploadBytes: 20 * 1024 * 1024, maxContacts: LONG } });
  await app.setNow('2025-02-20T00:00:00Z');
});
afterAll(() => app.stop());
beforeEach(() => {
  if (openSpools() > 0) throw new Error('the last test left a list open');
});

const contact = (at: number) => ({ phone: `+1202${2_000_000 + at}`, note: `${at} "é"\n`.padEnd(150, '.') });
const list = (count = LONG) => Array.from({ length: count }, (_, at) => contact(at));
const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const csv = (rows: readonly { phone: string; note: string }[] = list()): string =>
  `phone,note\n${rows.map(({ phone, note }) => `${phone},${cell(note)}\n`).join('')}`;

const json = (body: object): RequestInit => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});
const create = (init: RequestInit): Promise<Answer> => app.send('POST', '/batch/create', init);

/** Does what is to be refused, and sees that nothing of it is left. */
const refused = async (attempt: () => Promise<Answer>): Promise<Answer> => {
  const before = await app.everything();
  const answer = await attempt();
  await eventually(async () => expect(openSpools()).toBe(0));
  expect(await app.everything()).toEqual(before);
  return answer;
};

/** Begins a body that is longer than what is sent of it. */
const begin = (contentType: string): ClientRequest => {
  const headers = { authorization: `Bearer ${app.key}`, 'content-type': contentType };
  const upload = request(`${app.url}/batch/create`, { method: 'POST', headers });
  upload.on('error', () => undefined); // it is cut on purpose
  return upload;
};

describe('a list that is too long for memory', () => {
  it.each([
    ['CSV', () => ({ body: aForm(csv()) })],
    ['JSON', () => json({ ...aBatch(), contacts: list() })],
  ])('is kept as it was uploaded, in order, from %s', async (_, init) => {
    const { status, body } = await create(init());

    expect({ status, body }).toMatchObject({ status: 200, body: { totalContacts: LONG, invalidContacts: 0 } });
    expect(openSpools()).toBe(0);
    const rows = await app.database.query<object[]>(
      `select count(*)::integer as rows, count(distinct id)::integer as ids, min(position) as first, max(position) as last,
              bool_and(phone_number = '+' || (12022000000 + position - 1)) as "areInOrder",
              bool_and(contact_data ->> 'phone' = phone_number) as "haveTheirPhone"
         from contacts where batch_job_id = $1`,
      [body.batchJobId],
    );
    expect(rows).toEqual([{ rows: LONG, ids: LONG, first: 1, last: LONG, areInOrder: true, haveTheirPhone: true }]);
    const page = `contactsPage=${LONG / 50}&contactsPageSize=50`;
    const detail = (await app.get(`/batch/jobs/${body.batchJobId}?${page}`)).body;
    expect(detail).toMatchObject({ contactsTotal: LONG });
    expect(JSON.stringify(detail.contacts.at(-1).contactData)).toBe(JSON.stringify(contact(LONG - 1)));
  });

  it.each([
    ['CSV', () => ({ body: aForm(csv()) })],
    ['JSON', () => json({ ...aBatch(), contacts: list() })],
  ])('is created once for a key, and a repetition leaves nothing open: %s', async (_, init) => {
    const headers = { 'idempotency-key': randomUUID() };
    const send = (one: RequestInit): Promise<Answer> => create({ ...one, headers: { ...one.headers, ...headers } });
    const first = await send(init());

    const again = await refused(() => send(init()));

    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body).toEqual(first.body);
    const other = await refused(() => send(json({ ...aBatch(), contacts: [...list(LONG - 1), contact(LONG)] })));
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });
});

describe('leaves nothing behind', () => {
  it.each<[string, string, () => RequestInit]>([
    ['invalid_csv', 'a quote that is open in the last row', () => ({ body: aForm(`${csv(list(LONG - 1))}+1202,"`) })],
    ['too_many_contacts', 'one row too many', () => ({ body: aForm(csv(list(LONG + 1))) })],
    ['invalid_request', 'a field that is wrong', () => ({ body: aForm(csv(), { maxAttempts: '99' }) })],
    ['invalid_request', 'contacts beside the file', () => ({ body: aForm(csv(), { contacts: '[]' }) })],
    ['past_scheduled_time', 'a start in the past', () => ({ body: aForm(csv(), { scheduledStartTime: '2025-02-19T10:00:00' }) })],
    ['phone_number_not_found', 'an unknown number', () => ({ body: aForm(csv(), { fromPhoneNumberId: 'phone_b' }) })],
    ['invalid_request', 'a fault in the last contact', () => json({ ...aBatch(), contacts: [...list(LONG - 1), { ...contact(0), name: 5 }] })],
    ['invalid_request', 'no end of the JSON', () => ({ ...json({}), body: JSON.stringify({ contacts: list() }).slice(0, -1) })],
    ['invalid_request', 'contacts twice', () => ({ ...json({}), body: `{"contacts":${JSON.stringify(list())},"contacts":[]}` })],
    ['invalid_request', 'a file beside the contacts', () => json({ contacts: list(), file: 'x' })],
    ['past_scheduled_time', 'a start in the past, JSON', () => json({ ...aBatch(), contacts: list(), scheduledStartTime: '2025-02-19T10:00:00' })],
  ])('%s: %s', async (code, _what, init) => {
    expect((await refused(() => create(init()))).body).toMatchObject({ code });
  }); // prettier-ignore

  it('a field that comes twice, behind the file', async () => {
    const form = aForm(csv());
    form.append('name', 'Another');
    expect((await refused(() => app.postForm(form))).body).toMatchObject({ code: 'invalid_request' });
  });

  it('a second file behind the first', async () => {
    const form = aForm(csv());
    form.append('file', new Blob([csv()]), 'more.csv');
    expect((await refused(() => app.postForm(form))).body).toMatchObject({ code: 'invalid_request' });
  });

  it.each([
    ['CSV', 'multipart/form-data; boundary=b', `--b\r\nContent-Disposition: form-data; name="file"; filename="c"\r\n\r\n${csv()}`],
    ['JSON', 'application/json', JSON.stringify({ contacts: list() }).slice(0, -2)],
  ])('a client that goes away in the middle of %s', async (_, contentType, part) => {
    const before = await app.everything();
    const upload = begin(contentType);
    upload.write(part);
    await eventually(async () => expect(openSpools()).toBe(1));

    upload.destroy();

    await eventually(async () => expect(openSpools()).toBe(0));
    expect(await app.everything()).toEqual(before);
  }); // prettier-ignore

  it('a failure in the middle of the insert', async () => {
    await app.database.query(`
      create function fail_at() returns trigger language plpgsql as $$ begin raise exception 'in the middle'; end $$;
      create trigger fail_at before insert on contacts for each row when (new.position = 6000) execute function fail_at()`);
    try {
      for (const init of [{ body: aForm(csv()) }, json({ ...aBatch(), contacts: list() })]) {
        expect((await refused(() => create(init))).status).toBe(500);
      }
    } finally {
      await app.database.query('drop function fail_at cascade');
    }
  });
});

describe('JSON', () => {
  const at = (before: object, behind: object, contacts: unknown): RequestInit =>
    json({ ...before, contacts, ...behind });
  const { name, fromPhoneNumberId } = aBatch();

  it.each([
    ['before the other fields', at({}, { name, fromPhoneNumberId }, list(3))],
    ['behind them', at({ name, fromPhoneNumberId }, {}, list(3))],
    ['between them', at({ name }, { fromPhoneNumberId }, list(3))],
    [
      'with its name escaped',
      {
        ...json({}),
        body: JSON.stringify({ ...aBatch(), contacts: list(3) }).replace('"contacts"', '"c\\u006fntacts"'),
      },
    ],
    ['with spaces', { ...json({}), body: JSON.stringify({ ...aBatch(), contacts: list(3) }, null, 4) }],
  ])('takes contacts %s', async (_, init) => {
    expect(await create(init)).toMatchObject({ status: 200, body: { totalContacts: 3 } });
  });

  it('says how long a list is that is too long', async () => {
    const { body } = await refused(() => create(json({ ...aBatch(), contacts: list(LONG + 5) })));
    expect(body).toMatchObject({ code: 'too_many_contacts', maxContacts: LONG, entries: LONG + 5 });
    expect(body.detail).toContain('The list of 9,005 entries has more than 9,000 valid contacts');
  });

  it('does not take a contact that has a key __proto__, as of old', async () => {
    const init = { ...json({}), body: '{"name":"x","contacts":[{"phone":"+12025550123","__proto__":{"a":1}}]}' };
    expect(await refused(() => create(init))).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('does not read fields for ever', async () => {
    const init = json({ ...aBatch(), description: 'd'.repeat(600_000) });
    expect(await refused(() => create(init))).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large', maxBytes: 65_536 },
    });
  });

  it('names the contact that is larger than any may be', async () => {
    const large = { phone: '+12025550123', list: Array.from({ length: 300_000 }, () => 1_000_000) };
    const { body } = await refused(() => create(json({ ...aBatch(), contacts: [contact(0), large] })));
    expect(body).toMatchObject({ code: 'invalid_request', errors: [{ parameter: 'contacts[1]' }] });
    expect(body.detail).toBe('`contacts[1]` is larger than 262144 bytes.');
  });
});
