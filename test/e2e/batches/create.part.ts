import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { CreditCheck } from '../../../src/shared/platform.js';
import { OrganizationsService } from '../../../src/access/organizations.service.js';
import { eventually } from '../../support/eventually.js';
import { aBatch, aForm, contacts, TestApp, type Answer } from '../../support/test-app.js';

describe('create', () => {
  const MAX_UPLOAD_BYTES = 256 * 1024;
  const MAX_CONTACTS = 1_000;

  /** Pays for anything up to what it holds. */
  const credits = {
    availableDollars: 1_000,
    asked: [] as unknown[],
    async check(organizationId: string, requiredDollars: number) {
      this.asked.push({ organizationId, requiredDollars });
      return { isEnough: requiredDollars <= this.availableDollars, availableDollars: this.availableDollars };
    },
  };

  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      settings: { maxUploadBytes: MAX_UPLOAD_BYTES, maxContacts: MAX_CONTACTS, averageCallMinutes: 3 },
      override: (module) => module.overrideProvider(CreditCheck).useValue(credits),
    });
    const organizations = app.app.get(OrganizationsService, { strict: false });
    const number = { organizationId: 'org_a', phoneNumber: '+12025550101' };
    await organizations.addPhoneNumber({ ...number, id: 'phone_silent', outboundAgent: null });
    await organizations.addPhoneNumber({
      ...number,
      id: 'phone_text',
      outboundAgent: { id: 'agent_t', channel: 'text' },
    });
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const CSV = 'phone,name\n+12025550123,Ada\n+442079460123,Grace\n';
  const create = (fields: object = {}): Promise<Answer> => app.post('/batch/create', { ...aBatch(), ...fields });

  /** Does what is to be refused, and sees that nothing of it is kept. */
  const refused = async (attempt: () => Promise<Answer>): Promise<Answer> => {
    const before = await app.everything();
    const answer = await attempt();
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await app.everything()).toEqual(before);
    return answer;
  };

  /** Sends bytes as they stand and reads what comes back until the connection closes. */
  const sendBytes = (head: readonly string[], body: string, end: 'keep' | 'destroy' = 'keep'): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      let received = '';
      const socket = connect(Number(port), hostname, () => {
        socket.write([`POST /batch/create HTTP/1.1`, `Host: ${hostname}`, ...head, '', body].join('\r\n'), () => {
          if (end === 'destroy') socket.destroy();
        });
      });
      socket.on('data', (chunk) => {
        received += String(chunk);
        if (/\}(\r\n0\r\n\r\n)?$/.test(received)) socket.destroy();
      });
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });

  describe('POST /batch/create', () => {
    describe('200', () => {
      it('creates a pending job from JSON, which waits', async () => {
        const { status, body } = await create();

        expect({ status, body }).toEqual({
          status: 200,
          body: {
            etag: '"0.1"',
            success: true,
            message: 'Batch job created with 2 contacts',
            batchJobId: expect.stringMatching(/^batch_[0-9A-HJKMNP-TV-Z]{26}$/),
            totalContacts: 2,
            estimatedDuration: '3 minutes',
            estimatedCost: '$0.11',
            status: 'pending',
            scheduledStartTime: null,
            invalidContacts: 0,
            duplicateContacts: 0,
            rejectedRows: [],
          },
        });
        expect((await app.delayed()).has(`${body.batchJobId}.r1`)).toBe(false);
      });

      it('creates a scheduled job from JSON, with what was made of its start', async () => {
        const { status, body } = await create({
          scheduledStartTime: '2025-03-09T02:30:00',
          timezone: 'America/New_York',
        });

        expect({ status, body }).toMatchObject({
          status: 200,
          body: {
            status: 'scheduled',
            scheduledStartTime: '2025-03-09T07:30:00Z',
            timezone: 'America/New_York',
            localStartTime: '2025-03-09T03:30:00-04:00[America/New_York]',
            resolution: 'gap',
            scheduleRevision: 1,
            warnings: [expect.stringContaining('does not exist')],
          },
        });
        expect((await app.delayed()).get(`${body.batchJobId}.r1`)).toBe('2025-03-09T07:30:00.000Z');
      });

      it('creates a scheduled job from a form, every field of it kept', async () => {
        const { status, body } = await app.upload(CSV, {
          name: 'Spring',
          description: 'Two words',
          concurrentCallLimit: '7',
          maxAttempts: '2',
          scheduledStartTime: '2025-03-01T10:00:00',
          timezone: 'america/new_york',
          disambiguation: 'later',
        });

        expect({ status, body }).toMatchObject({
          status: 200,
          body: { status: 'scheduled', totalContacts: 2, scheduledStartTime: '2025-03-01T15:00:00Z' },
        });
        expect((await app.get(`/batch/jobs/${body.batchJobId}`)).body).toMatchObject({
          name: 'Spring',
          description: 'Two words',
          fromPhoneNumberId: 'phone_a',
          agentId: 'agent_a',
          organizationId: 'org_a',
          concurrentCallLimit: 7,
          retryPolicy: { maxAttempts: 2, retryableStatuses: ['no_answer', 'busy', 'timeout'] },
          scheduledStartTime: '2025-03-01T15:00:00Z',
          timezone: 'America/New_York',
          status: 'scheduled',
        });
      });

      it.each([
        [['busy'], 'busy'],
        [['timeout', 'no_answer'], 'timeout, no_answer'],
        [[], ''],
      ])('takes the outcomes after which somebody is called again, %j, as JSON and as a form', async (words, text) => {
        const fromJson = await app.create({ retryableStatuses: words });
        const fromForm = (await app.upload(CSV, { retryableStatuses: text })).body.batchJobId as string;
        for (const id of [fromJson, fromForm]) {
          const { body } = await app.get(`/batch/jobs/${id}`);
          expect(body.retryPolicy).toEqual({ maxAttempts: 3, retryableStatuses: words });
        }
      });

      it('gives what is left out its default', async () => {
        const { body } = await app.get(`/batch/jobs/${(await create()).body.batchJobId}`);
        expect(body).toMatchObject({
          description: null,
          concurrentCallLimit: 5,
          retryPolicy: { maxAttempts: 3, retryableStatuses: ['no_answer', 'busy', 'timeout'] },
          scheduledStartTime: null,
          timezone: null,
        });
      });

      it('takes null for every field that may be left out', async () => {
        const { status, body } = await create({
          description: null,
          scheduledStartTime: null,
          timezone: null,
          disambiguation: null,
        });
        expect({ status, body }).toMatchObject({ status: 200, body: { status: 'pending' } });
      });

      it('reads the fields behind the file as well', async () => {
        const form = new FormData();
        form.append('file', new Blob([CSV]), 'contacts.csv');
        form.append('name', 'Late fields');
        form.append('fromPhoneNumberId', 'phone_a');
        const { status, body } = await app.postForm(form);
        expect({ status, body }).toMatchObject({ status: 200, body: { totalContacts: 2 } });
      });

      it('counts what was left out of the example file', async () => {
        const { status, body } = await app.upload(readFileSync('examples/contacts.csv'));
        expect(status).toBe(200);
        expect(body.totalContacts + body.invalidContacts + body.duplicateContacts).toBe(1_000);
        expect(body.totalContacts).toBe(EXAMPLE.valid);
        expect(body).toMatchObject({
          invalidContacts: EXAMPLE.invalid,
          duplicateContacts: EXAMPLE.duplicate,
          message: `Batch job created with ${EXAMPLE.valid} contacts`,
        });
        expect(body.rejectedRows).toHaveLength(EXAMPLE.invalid);
        expect(JSON.stringify(body.rejectedRows)).not.toMatch(/\d{5}/);
      });

      it('takes the JSON example', async () => {
        const example: unknown = JSON.parse(readFileSync('examples/contacts.json', 'utf8'));
        const { body } = await create({ contacts: example });
        expect(body).toMatchObject({ totalContacts: 3, invalidContacts: 0 });
      });

      it('reports rows without a usable number, and never the number', async () => {
        const { body } = await app.upload('phone,name\n+12025550123,Ada\n\n12345,Bob\n,Carl\n+12025550123,Ada again\n');
        expect(body).toMatchObject({
          message: 'Batch job created with 1 contact',
          totalContacts: 1,
          invalidContacts: 2,
          duplicateContacts: 1,
          rejectedRows: [
            { row: 4, reason: expect.any(String) },
            { row: 5, reason: expect.any(String) },
          ],
        });
        expect(JSON.stringify(body)).not.toContain('12345');
      });

      it('shows the first hundred rejected rows and counts the rest', async () => {
        const rows = Array.from({ length: 150 }, (_, at) => `nonsense ${at}`).join('\n');
        const { body } = await app.upload(`phone\n+12025550123\n${rows}\n`);
        expect(body.invalidContacts).toBe(150);
        expect(body.rejectedRows).toHaveLength(100);
      });

      it('keeps the first of the rows with one number, however it is written', async () => {
        const { body } = await app.upload('phone,name\n+1 (202) 555-0123,Ada\n+12025550123,Grace\n');
        const detail = await app.get(`/batch/jobs/${body.batchJobId}`);
        expect(detail.body.contacts).toMatchObject([
          { phoneNumber: '+12025550123', contactData: { phone: '+1 (202) 555-0123', name: 'Ada' } },
        ]);
      });

      it('keeps the data of a JSON contact as it was given', async () => {
        const contact = {
          zeta: 1,
          phone: '+12025550123',
          alpha: { nested: [1, 2.5, null, { deep: 'ünï \u{1F4DE}' }], empty: {} },
          name: '名前',
          10: 'digits first in JavaScript',
          big: 12_345_678_901,
          no: null,
          yes: true,
        };
        const id = await app.create({ contacts: [contact] });
        const { body } = await app.get(`/batch/jobs/${id}`);
        expect(JSON.stringify(body.contacts[0].contactData)).toBe(JSON.stringify(contact));
      });

      it('keeps the columns of a CSV in their order, also those named like parts of JavaScript', async () => {
        const csv = '\uFEFFzeta;PHONE;__proto__;constructor;Größe\r\n1;+12025550123;p;c;"a;b\r\n""c"""\r\n';
        const { body } = await app.upload(csv);
        const detail = await app.get(`/batch/jobs/${body.batchJobId}`);
        expect(JSON.stringify(detail.body.contacts[0].contactData)).toBe(
          String.raw`{"zeta":"1","phone":"+12025550123","__proto__":"p","constructor":"c","Größe":"a;b\r\n\"c\""}`,
        );
      });

      it.each([
        ['name', { name: 'n' }],
        ['name', { name: 'n'.repeat(200) }],
        ['name', { name: '\u{1F4DE}'.repeat(200) }],
        ['description', { description: '' }],
        ['description', { description: 'd'.repeat(1_000) }],
        ['concurrentCallLimit', { concurrentCallLimit: 1 }],
        ['concurrentCallLimit', { concurrentCallLimit: 50 }],
        ['maxAttempts', { maxAttempts: 1 }],
        ['maxAttempts', { maxAttempts: 10 }],
      ])('takes %s at its limit and keeps it', async (_, fields) => {
        const id = await app.create(fields);
        const { body } = await app.get(`/batch/jobs/${id}`);
        expect({ ...body, maxAttempts: body.retryPolicy.maxAttempts }).toMatchObject(fields);
      });

      it('takes as many contacts as a batch may have', async () => {
        const { body } = await create({ contacts: contacts(MAX_CONTACTS) });
        expect(body).toMatchObject({ success: true, totalContacts: MAX_CONTACTS });
      });

      it.each([
        [{ contacts: contacts(25), concurrentCallLimit: 5 }, '15 minutes', '$1.31'],
        [{ contacts: contacts(26), concurrentCallLimit: 5 }, '18 minutes', '$1.37'],
        [{ contacts: contacts(1), concurrentCallLimit: 50 }, '3 minutes', '$0.05'],
        [{ contacts: contacts(1_000), concurrentCallLimit: 50 }, '60 minutes', '$52.50'],
      ])('estimates by the settings, case %#', async (fields, estimatedDuration, estimatedCost) => {
        expect((await create(fields)).body).toMatchObject({ estimatedDuration, estimatedCost });
      });

      it("estimates by the organization's limit where that is the smaller one", async () => {
        await app.database.query(`update organizations set concurrent_call_limit = 5 where id = 'org_a'`);
        try {
          const { body } = await create({ contacts: contacts(100), concurrentCallLimit: 50 });
          expect(body).toMatchObject({ estimatedDuration: '60 minutes', estimatedCost: '$5.25' });
        } finally {
          await app.database.query(`update organizations set concurrent_call_limit = 0 where id = 'org_a'`);
        }
      });

      it('estimates in figures that can be read, whatever the average', async () => {
        const own = await TestApp.start({ settings: { averageCallMinutes: 1.1 } });
        try {
          const { body } = await own.post('/batch/create', { ...aBatch(), contacts: contacts(15) });
          expect(body).toMatchObject({ estimatedDuration: '3.3 minutes', estimatedCost: '$0.29' });
        } finally {
          await own.stop();
        }
      });

      it('repeated, creates another job', async () => {
        const [first, second] = [await create(), await create()];
        expect(first.body.batchJobId).not.toBe(second.body.batchJobId);
      });

      it('asks the platform for the price of the batch', async () => {
        credits.asked.length = 0;
        await create({ contacts: contacts(100) });
        expect(credits.asked).toEqual([{ organizationId: 'org_a', requiredDollars: expect.closeTo(5.25) }]);
      });
    });

    describe('400 invalid_request', () => {
      it.each([
        ['name', { name: '' }],
        ['name', { name: 'n'.repeat(201) }],
        ['name', { name: undefined }],
        ['name', { name: 5 }],
        ['name', { name: 'a\u0000b' }],
        ['name', { name: ['a', 'b'] }],
        ['description', { description: 'd'.repeat(1_001) }],
        ['description', { description: 'a\u0000b' }],
        ['concurrentCallLimit', { concurrentCallLimit: 0 }],
        ['concurrentCallLimit', { concurrentCallLimit: 51 }],
        ['concurrentCallLimit', { concurrentCallLimit: 1.5 }],
        ['concurrentCallLimit', { concurrentCallLimit: 'five' }],
        ['maxAttempts', { maxAttempts: 0 }],
        ['maxAttempts', { maxAttempts: 11 }],
        ['retryableStatuses', { retryableStatuses: ['answered'] }],
        ['retryableStatuses', { retryableStatuses: ['busy', 'busy'] }],
        ['retryableStatuses', { retryableStatuses: { busy: true } }],
        ['fromPhoneNumberId', { fromPhoneNumberId: undefined }],
        ['fromPhoneNumberId', { fromPhoneNumberId: 'a\u0000b' }],
        ['disambiguation', { disambiguation: 'guess' }],
      ])('%s beyond its limit, case %#', async (parameter, fields) => {
        const { status, body } = await refused(() => create(fields));
        expect({ status, body }).toMatchObject({
          status: 400,
          body: {
            code: 'invalid_request',
            detail: expect.stringContaining(`'${parameter}'`),
            errors: [{ parameter, detail: expect.any(String) }],
          },
        });
      });

      it.each([
        ['timeZone', 'timezone'],
        ['fromPhoneNumber', 'fromPhoneNumberId'],
        ['concurrent_call_limit', 'concurrentCallLimit'],
      ])('the unknown field %s, in JSON and in a form, and the nearest: %s', async (field, nearest) => {
        for (const attempt of [() => create({ [field]: 'x' }), () => app.upload(CSV, { [field]: 'x' })]) {
          const { status, body } = await refused(attempt);
          expect({ status, body }).toMatchObject({
            status: 400,
            body: {
              code: 'invalid_request',
              detail: expect.stringMatching(`'${field}'.*'${nearest}'`),
              errors: [{ parameter: field }],
            },
          });
        }
      });

      it.each(['constructor', 'toString', 'toInput', '__proto__'])('the unknown field %s of a form', async (field) => {
        const { status, body } = await refused(() => app.upload(CSV, { [field]: 'x' }));
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: field }] },
        });
      });

      it('names every fault at once', async () => {
        const { body } = await refused(() => create({ name: '', maxAttempts: 99, colour: 'red' }));
        expect(body.errors.map(({ parameter }: { parameter: string }) => parameter).toSorted()).toEqual([
          'colour',
          'maxAttempts',
          'name',
        ]);
      });

      it('a parameter in the address', async () => {
        const { status, body } = await refused(() => app.post('/batch/create?timezone=UTC', aBatch()));
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'timezone' }] },
        });
      });

      it('neither a file nor contacts', async () => {
        const withoutContacts = { ...aBatch(), contacts: undefined };
        expect(await refused(() => app.post('/batch/create', withoutContacts))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'contacts' }] },
        });
        const form = new FormData();
        form.append('name', 'No file');
        form.append('fromPhoneNumberId', 'phone_a');
        expect(await refused(() => app.postForm(form))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'file' }] },
        });
      });

      it('both a file and contacts', async () => {
        expect(await refused(() => app.upload(CSV, { contacts: '[]' }))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'contacts' }] },
        });
        expect(await refused(() => create({ file: CSV }))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'file' }] },
        });
      });

      it('a form field given twice', async () => {
        const form = aForm(CSV);
        form.append('name', 'Another');
        expect(await refused(() => app.postForm(form))).toMatchObject({
          status: 400,
          body: {
            code: 'invalid_request',
            detail: expect.stringContaining("'name'"),
            errors: [{ parameter: 'name', detail: expect.stringContaining('once') }],
          },
        });
      });

      it('two files', async () => {
        const form = aForm(CSV);
        form.append('file', new Blob([CSV]), 'more.csv');
        expect(await refused(() => app.postForm(form))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
      });

      it('a file in another field', async () => {
        const form = aForm(CSV);
        form.append('attachment', new Blob(['x']), 'x.csv');
        expect(await refused(() => app.postForm(form))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'attachment' }] },
        });
      });

      it('a field longer than any may be', async () => {
        expect(await refused(() => app.upload(CSV, { description: 'd'.repeat(20_000) }))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter: 'description' }] },
        });
      });

      it('more parts than a form of ours has', async () => {
        const fields = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`field${at}`, 'x']));
        expect(await refused(() => app.upload(CSV, fields))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
      });

      it.each([
        ['no object', 'null'],
        ['a list', '[]'],
        ['nothing', ''],
        ['no JSON', '{"name":'],
        ['a changed prototype', '{"__proto__":{"name":"x"}}'],
      ])('a JSON body that is %s', async (_, body) => {
        const init = { body, headers: { 'content-type': 'application/json' } };
        expect(await refused(() => app.send('POST', '/batch/create', init))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
      });

      it.each([
        ['no list', 'none', 'contacts'],
        ['no contact', [5], 'contacts[0]'],
        ['a name that is no text', [{ phone: '+12025550123', name: 5 }], 'contacts[0].name'],
        ['U+0000', [{ phone: '+12025550123', note: 'a\u0000' }], 'contacts[0].note'],
      ])('contacts with %s', async (_, list, parameter) => {
        expect(await refused(() => create({ contacts: list }))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request', errors: [{ parameter }] },
        });
      });

      it.each([
        ['no boundary', 'multipart/form-data', 'x'],
        ['no end', 'multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx'],
        [
          'no end of its file',
          'multipart/form-data; boundary=b',
          `--b\r\nContent-Disposition: form-data; name="file"; filename="c.csv"\r\n\r\n${CSV}`,
        ],
        ['no header', 'multipart/form-data; boundary=b', '--b\r\n\r\nx\r\n--b--\r\n'],
        ['nothing', 'multipart/form-data; boundary=b', ''],
        ['another boundary', 'multipart/form-data; boundary=b', '--c\r\n\r\nx\r\n--c--\r\n'],
      ])('a form with %s', async (_, type, body) => {
        const init = { body, headers: { 'content-type': type } };
        expect(await refused(() => app.send('POST', '/batch/create', init))).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
      });
    });

    it.each([
      ['a field', 'form-data', ['x']],
      ['a field with an empty name', 'form-data; name=""', ['x']],
      ['two fields', 'form-data', ['x', 'y']],
      ['a field that is too long', 'form-data', ['x'.repeat(20_000)]],
      ['a file', 'form-data; filename="c.csv"', [CSV]],
    ])('400 %s without a name, and serves the next request', async (_, disposition, parts) => {
      const body = parts.map((part) => `--b\r\nContent-Disposition: ${disposition}\r\n\r\n${part}\r\n`).join('');
      const init = { body: `${body}--b--\r\n`, headers: { 'content-type': 'multipart/form-data; boundary=b' } };
      expect(await refused(() => app.send('POST', '/batch/create', init))).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', detail: 'Each part of the form needs a name.' },
      });
      expect((await app.upload(CSV)).status).toBe(200);
    });

    describe('400 the list', () => {
      it.each([
        ['invalid_csv', ''],
        ['invalid_csv', 'phone,name\n"+12025550123,Ada\n'],
        ['invalid_csv', new Uint8Array([0x70, 0xff, 0xfe, 0x0a])],
        ['invalid_csv', 'phone\n+12025550123\0\n'],
        ['invalid_csv', 'phone,phone\n+12025550123,+12025550123\n'],
        ['missing_phone_column', 'number,name\n+12025550123,Ada\n'],
        ['missing_phone_column', '+12025550123,Ada\n+442079460123,Grace\n'],
        ['no_valid_contacts', 'phone,name\n'],
        ['no_valid_contacts', 'phone,name\n12,Ada\n'],
      ])('%s, case %#', async (code, csv) => {
        const { status, body } = await refused(() => app.upload(csv));
        expect({ status, body }).toMatchObject({ status: 400, body: { code } });
        expect(JSON.stringify(body)).not.toContain('2025550123');
      });

      it('no_valid_contacts: an empty JSON list', async () => {
        expect(await refused(() => create({ contacts: [] }))).toMatchObject({
          status: 400,
          body: { code: 'no_valid_contacts' },
        });
      });

      it('invalid_phone_format: JSON without one usable number', async () => {
        const list = [{ phone: '2025550123' }, { phone: 5 }, { name: 'Ada' }];
        const { status, body } = await refused(() => create({ contacts: list }));
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'invalid_phone_format', invalidContacts: 3 },
        });
        expect(JSON.stringify(body)).not.toContain('2025550123');
      });

      it('too_many_contacts: one more than a batch may have', async () => {
        const list = contacts(MAX_CONTACTS + 1);
        const csv = `phone\n${list.map(({ phone }) => phone).join('\n')}`;
        for (const attempt of [() => create({ contacts: list }), () => app.upload(csv)]) {
          expect(await refused(attempt)).toMatchObject({
            status: 400,
            body: { code: 'too_many_contacts', maxContacts: MAX_CONTACTS },
          });
        }
      });
    });

    describe('400 the start', () => {
      it.each([
        ['invalid_timezone', { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'Mars/Olympus' }],
        ['invalid_timezone', { timezone: 'Mars/Olympus' }],
        ['invalid_datetime', { scheduledStartTime: 'soon' }],
        ['invalid_datetime', { scheduledStartTime: 5 }],
        ['invalid_datetime', { scheduledStartTime: '2026-03-01T10:00:00' }],
        ['past_scheduled_time', { scheduledStartTime: '2025-02-19T10:00:00' }],
      ])('%s, case %#: creates nothing', async (code, fields) => {
        const { status, body } = await refused(() => create(fields));
        expect({ status, body }).toMatchObject({ status: 400, body: { code, detail: expect.any(String) } });
      });

      it('past_scheduled_time in a form: creates nothing', async () => {
        const { body } = await refused(() => app.upload(CSV, { scheduledStartTime: '2025-02-19T10:00:00' }));
        expect(body).toMatchObject({ status: 400, code: 'past_scheduled_time' });
      });
    });

    describe('the number', () => {
      it.each([
        ['an unknown one', 'phone_abc123', 'Phone number phone_abc123 not found'],
        ['that of another organization', 'phone_b', 'Phone number phone_b not found'],
      ])('404 phone_number_not_found: %s', async (_, fromPhoneNumberId, detail) => {
        const { status, body } = await refused(() => create({ fromPhoneNumberId }));
        expect({ status, body }).toMatchObject({ status: 404, body: { code: 'phone_number_not_found', detail } });
      });

      it.each([
        ['without an agent', 'phone_silent', 'has no outbound agent'],
        ['with an agent that only writes', 'phone_text', 'text-only'],
      ])('400 no_outbound_agent: %s', async (_, fromPhoneNumberId, detail) => {
        const { status, body } = await refused(() => create({ fromPhoneNumberId }));
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'no_outbound_agent', detail: expect.stringContaining(detail) },
        });
      });

      it('the number before the past: 404 comes first', async () => {
        const fields = { fromPhoneNumberId: 'phone_b', scheduledStartTime: '2020-01-01T00:00:00' };
        expect(await refused(() => create(fields))).toMatchObject({ status: 404 });
      });
    });

    it('400 insufficient_credits: says what is needed and what is there', async () => {
      credits.availableDollars = 1.5;
      try {
        const { status, body } = await refused(() => create({ contacts: contacts(100) }));
        expect({ status, body }).toMatchObject({
          status: 400,
          body: { code: 'insufficient_credits', detail: expect.stringMatching(/\$5\.25.*\$1\.50/) },
        });
      } finally {
        credits.availableDollars = 1_000;
      }
    });

    describe('413 payload_too_large', () => {
      const TOO_LARGE = `phone,notes\n${`+12025550123,${'x'.repeat(1_000)}\n`.repeat(400)}`;

      it('a file', async () => {
        expect(await refused(() => app.upload(TOO_LARGE))).toMatchObject({
          status: 413,
          body: { code: 'payload_too_large' },
        });
      });

      it('JSON, by what the client says of its length', async () => {
        const head = [
          `Authorization: Bearer ${app.key}`,
          'Content-Type: application/json',
          `Content-Length: ${10 * MAX_UPLOAD_BYTES}`,
        ];
        const answer = await sendBytes(head, '{');
        expect(answer).toMatch(/^HTTP\/1\.1 413 /);
        expect(answer).toMatch(/content-type: application\/problem\+json/i);
        expect(answer).toContain('"code":"payload_too_large"');
      });

      it('a form, by what the client says of its length', async () => {
        const head = [
          `Authorization: Bearer ${app.key}`,
          'Content-Type: multipart/form-data; boundary=b',
          `Content-Length: ${100 * MAX_UPLOAD_BYTES}`,
        ];
        const answer = await sendBytes(head, '--b\r\n');
        expect(answer).toMatch(/^HTTP\/1\.1 413 /);
        expect(answer).toContain('"code":"payload_too_large"');
      });

      it('JSON in chunks, whose length nobody said', async () => {
        const chunk = 'x'.repeat(64 * 1024);
        const body = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(8);
        const head = [
          `Authorization: Bearer ${app.key}`,
          'Content-Type: application/json',
          'Transfer-Encoding: chunked',
        ];
        const answer = await sendBytes(head, body);
        expect(answer).toMatch(/^HTTP\/1\.1 413 /);
        expect(answer).toContain('"code":"payload_too_large"');
      });

      it('a form in chunks that goes on for ever, around the file', async () => {
        const chunk = 'x'.repeat(64 * 1024);
        const body = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(8);
        const head = [
          `Authorization: Bearer ${app.key}`,
          'Content-Type: multipart/form-data; boundary=b',
          'Transfer-Encoding: chunked',
        ];
        const answer = await sendBytes(head, body);
        expect(answer).toMatch(/^HTTP\/1\.1 413 /);
        expect(answer).toContain('"code":"payload_too_large"');
      });

      it('takes a file of exactly the limit', async () => {
        const rows = contacts(28).map(({ phone }) => `${phone},${'x'.repeat(9_000)}\n`);
        const file = `phone,notes\n${rows.join('')}+12025550123,`.padEnd(MAX_UPLOAD_BYTES, 'x');
        expect(file.length).toBe(MAX_UPLOAD_BYTES);
        expect(await app.upload(file)).toMatchObject({ status: 200 });
        expect(await refused(() => app.upload(`${file}\n`))).toMatchObject({ status: 413 });
      });
    });

    describe('415 unsupported_media_type', () => {
      it.each([
        ['text', 'text/plain', 'phone'],
        ['CSV as it is', 'text/csv', CSV],
        ['a form without files', 'application/x-www-form-urlencoded', 'name=x'],
        ['XML', 'application/xml', '<x/>'],
        ['bytes', 'application/octet-stream', 'x'],
      ])('%s', async (_, type, body) => {
        const init = { body, headers: { 'content-type': type } };
        expect(await refused(() => app.send('POST', '/batch/create', init))).toMatchObject({
          status: 415,
          body: { code: 'unsupported_media_type' },
        });
      });

      it('no body at all', async () => {
        expect(await refused(() => app.post('/batch/create'))).toMatchObject({ status: 415 });
      });
    });

    it('lets go of an upload that is cut off, and keeps nothing of it', async () => {
      const before = await app.everything();
      const head = [
        `Authorization: Bearer ${app.key}`,
        'Content-Type: multipart/form-data; boundary=b',
        'Content-Length: 100000',
      ];
      const begin = `--b\r\nContent-Disposition: form-data; name="file"; filename="c.csv"\r\n\r\n${CSV}`;
      await sendBytes(head, begin, 'destroy');
      await eventually(async () => {
        const { body } = await app.get('/health');
        expect(body.postgres).toBe('up');
      });
      expect(await app.everything()).toEqual(before);
      expect((await app.upload(CSV)).status).toBe(200);
    });
  });

  /** Of `examples/contacts.csv`: rows that can be called, cannot, and repeat a number. */
  const EXAMPLE = { valid: 987, invalid: 10, duplicate: 3 };
});
