import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { aBatch, TestApp, type Answer } from '../../support/test-app.js';

describe('contact lists', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const NATIONAL = 'phone,name\n(202) 555-0141,Ada\n12025550142,Bob\n';
  const TWO_COLUMNS = 'Mobile,Telephone,name\n+12025550141,+12025550142,Ada\n';

  const fromTheField = (name: string): Uint8Array<ArrayBuffer> =>
    new Uint8Array(readFileSync(`test/data/contact-files/${name}.csv`));

  /** Sends a form with its parts in this order. */
  const sendForm = (parts: Readonly<Record<string, string>>): Promise<Answer> => {
    const form = new FormData();
    for (const [name, value] of Object.entries(parts)) {
      if (name === 'file') form.append(name, new Blob([value]), 'contacts.csv');
      else form.append(name, value);
    }
    return app.postForm(form);
  };

  const FIELDS = { name: 'Lists', fromPhoneNumberId: 'phone_a' };

  /** Sends JSON as it is written. */
  const sendJson = (body: string): Promise<Answer> =>
    app.send('POST', '/batch/create', { body, headers: { 'content-type': 'application/json' } });

  const numbersOf = async ({ body }: Answer): Promise<string[]> => {
    const detail = await app.get(`/batch/jobs/${body.batchJobId}`);
    return detail.body.contacts.map(({ phoneNumber }: { phoneNumber: string }) => phoneNumber);
  };

  describe('POST /batch/create, the list', () => {
    it.each([
      ['excel-short-rows', 21],
      ['trailing-comma-rows', 2],
      ['crm-export-apostrophe', 2],
      ['excel-formula-text', 1],
      ['header-phone-number', 1],
      ['sep-line', 1],
      ['tabs', 1],
    ])('takes all of %s.csv', async (name, totalContacts) => {
      const { status, body } = await app.upload(fromTheField(name));
      expect({ status, body }).toMatchObject({ status: 200, body: { totalContacts, invalidContacts: 0 } });
    });

    describe('defaultCountry', () => {
      it('reads a file whose plus signs a spreadsheet took, and without it names the option', async () => {
        const file = fromTheField('excel-plus-lost');
        expect(await numbersOf(await app.upload(file, { defaultCountry: 'US' }))).toEqual([
          '+12025550141',
          '+12025550142',
        ]);
        expect(await app.upload(file)).toMatchObject({
          status: 400,
          body: { code: 'no_valid_contacts', detail: expect.stringContaining('`defaultCountry`') },
        });
      });

      it.each([
        ['before the file', { ...FIELDS, defaultCountry: 'us', file: NATIONAL }],
        ['behind the file', { file: NATIONAL, ...FIELDS, defaultCountry: 'US' }],
      ])('stands in a form %s', async (_, parts) => {
        expect(await numbersOf(await sendForm(parts))).toEqual(['+12025550141', '+12025550142']);
      });

      it.each([
        ['before', (fields: string, contacts: string) => `{${fields},"defaultCountry":"US",${contacts}}`],
        ['behind', (fields: string, contacts: string) => `{${contacts},"defaultCountry":"US",${fields}}`],
      ])('stands in JSON %s the contacts', async (_, write) => {
        const contacts = '"contacts":[{"phone":"+442079460123"},{"phone":12025550141},{"phone":"202-555-0142"}]';
        const answer = await sendJson(write(JSON.stringify(FIELDS).slice(1, -1), contacts));
        expect(await numbersOf(answer)).toEqual(['+442079460123', '+12025550141', '+12025550142']);
      });

      it('keeps the row as it was written', async () => {
        const { body } = await app.upload(NATIONAL, { defaultCountry: 'US' });
        const detail = await app.get(`/batch/jobs/${body.batchJobId}`);
        expect(detail.body.contacts[0].contactData).toEqual({ phone: '(202) 555-0141', name: 'Ada' });
      });

      it.each([
        ['a form', () => app.upload(NATIONAL, { defaultCountry: 'UK' })],
        ['a form, behind the file', () => sendForm({ file: NATIONAL, ...FIELDS, defaultCountry: 'UK' })],
        ['JSON', () => app.post('/batch/create', { ...aBatch(), defaultCountry: 'uk' })],
      ])('is refused in %s when it is no country', async (_, attempt) => {
        const { status, body } = await attempt();
        expect({ status, body }).toMatchObject({
          status: 400,
          body: {
            code: 'invalid_request',
            detail: expect.stringContaining("Did you mean 'GB'?"),
            errors: [{ parameter: 'defaultCountry' }],
            suggestions: ['GB'],
          },
        });
      });

      it.each([7, '', true, ['US']])('is refused when it is %j', async (defaultCountry) => {
        const { body } = await app.post('/batch/create', { ...aBatch(), defaultCountry });
        expect(body).toMatchObject({ code: 'invalid_request', errors: [{ parameter: 'defaultCountry' }] });
      });

      it('may be null, as every field that may be left out', async () => {
        const { status } = await app.post('/batch/create', { ...aBatch(), defaultCountry: null, phoneColumn: null });
        expect(status).toBe(200);
      });
    });

    describe('phoneColumn', () => {
      it('names the column of two that may be it', async () => {
        expect(await numbersOf(await app.upload(TWO_COLUMNS, { phoneColumn: 'telephone' }))).toEqual(['+12025550142']);
        expect(await app.upload(TWO_COLUMNS)).toMatchObject({
          status: 400,
          body: { code: 'missing_phone_column', columns: ['Mobile', 'Telephone'] },
        });
      });

      it('comes before the file, and is refused behind it', async () => {
        const file = 'phone,mobile\n+12025550141,+12025550142\n';
        expect(await numbersOf(await sendForm({ ...FIELDS, phoneColumn: 'mobile', file }))).toEqual(['+12025550142']);
        expect(await sendForm({ file, ...FIELDS, phoneColumn: 'mobile' })).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'phoneColumn' }] },
        });
      });

      it('is refused in JSON, where each number is under `phone`', async () => {
        expect(await app.post('/batch/create', { ...aBatch(), phoneColumn: 'mobile' })).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'phoneColumn' }] },
        });
      });
    });

    describe('numbers of JSON that JavaScript would round', () => {
      const DATA =
        '{"phone":"+12025550141","crmId":9007199254740993,"share":0.1234567890123456789,"tags":[12345678901234567890]}';

      /** The text of an answer, which a parser would round. */
      const textOf = async (method: string, path: string): Promise<string> => {
        const answer = await fetch(`${app.url}${path}`, { method, headers: { authorization: `Bearer ${app.key}` } });
        expect(answer.status).toBe(200);
        return answer.text();
      };

      it('are kept as they are, in the detail, in pages of contacts and in an export', async () => {
        const { body } = await sendJson(`{${JSON.stringify(FIELDS).slice(1, -1)},"contacts":[${DATA}]}`);
        const path = `/batch/jobs/${body.batchJobId}`;
        for (const text of [await textOf('GET', path), await textOf('GET', `${path}/contacts`)]) {
          expect(text).toContain(`"contactData":${DATA}`);
          expect(JSON.parse(text)).toMatchObject({ contacts: [{ phoneNumber: '+12025550141' }] });
        }
        const { headers } = await app.get(path);
        expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
        expect(headers.get('etag')).toBe('"0.1"');

        await app.setStatus(body.batchJobId as string, 'completed');
        expect(await textOf('POST', `${path}/export`)).toContain(
          "'+12025550141,9007199254740993,0.1234567890123456789,[12345678901234567890],",
        );
      });

      it.each(['9007199254740993', '[9007199254740993]'])('are no body: %s', async (text) => {
        expect(await sendJson(text)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      });

      it('are refused where a field is a number', async () => {
        const answer = await sendJson(
          JSON.stringify({ ...aBatch(), concurrentCallLimit: 'N' }).replace('"N"', '9007199254740993'),
        );
        expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: 'concurrentCallLimit' }] } });
      });
    });

    it('says what a file is that is no CSV', async () => {
      expect(await app.upload('<html><table><tr><td>phone</td></tr></table></html>')).toMatchObject({
        status: 400,
        body: { code: 'invalid_csv', detail: expect.stringContaining('HTML page') },
      });
    });
  });
});
