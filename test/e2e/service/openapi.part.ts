import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { readFile } from 'node:fs/promises';
import { HTTP_MEANING } from '../../../src/api/http/error-status.js';
import type { ErrorCode } from '../../../src/shared/domain-error.js';
import { DocumentWalk, examplesOf, type Any, type Place } from '../../support/document-walk.js';
import { SchemaCheck } from '../../support/schema-check.js';
import { aBatch, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('openapi', () => {
  const SNAPSHOT = new URL('../../openapi.snapshot.json', import.meta.url);

  let app: TestApp;
  let document: Any;
  let walk: DocumentWalk;
  let schemas: SchemaCheck;
  beforeAll(async () => {
    app = await TestApp.start();
    document = (await app.get('/docs/openapi.json', null)).body;
    walk = new DocumentWalk(document);
    schemas = new SchemaCheck(document);
  });
  afterAll(() => app.stop());

  /** What every route behind a key may fail with. */
  const COMMON: readonly ErrorCode[] = [
    'invalid_request',
    'invalid_api_key',
    'insufficient_scope',
    'rate_limited',
    'internal_error',
    'unavailable',
  ];

  const BODY: readonly ErrorCode[] = ['request_timeout', 'payload_too_large', 'unsupported_media_type'];
  const HARMLESS: readonly ErrorCode[] = [...BODY, 'idempotency_key_reused'];
  const WRITE: readonly ErrorCode[] = [...HARMLESS, 'idempotency_in_progress'];
  const CHANGE: readonly ErrorCode[] = [...WRITE, 'job_not_found', 'version_mismatch'];

  const START: readonly ErrorCode[] = ['invalid_timezone', 'invalid_datetime', 'past_scheduled_time'];

  const LIST: readonly ErrorCode[] = [
    'invalid_csv',
    'missing_phone_column',
    'no_valid_contacts',
    'too_many_contacts',
    'invalid_phone_format',
  ];

  /** The codes of the contract, by operation. */
  const CODES: Readonly<Record<string, readonly ErrorCode[]>> = {
    create: [
      ...COMMON,
      ...WRITE,
      ...LIST,
      ...START,
      'no_outbound_agent',
      'insufficient_credits',
      'phone_number_not_found',
      'too_many_at_once',
    ],
    list: [
      ...COMMON,
      'invalid_status',
      'invalid_page',
      'invalid_page_size',
      'invalid_datetime',
      'organization_mismatch',
    ],
    getDetail: [...COMMON, 'job_not_found', 'invalid_contact_status', 'invalid_page', 'invalid_page_size'],
    listContacts: [...COMMON, 'job_not_found', 'invalid_contact_status', 'invalid_page', 'invalid_page_size'],
    exportContacts: [...COMMON, ...BODY, 'job_not_found', 'invalid_status'],
    watch: [...COMMON, 'job_not_found', 'too_many_at_once'],
    delete: [...COMMON, ...CHANGE, 'invalid_status'],
    start: [...COMMON, ...CHANGE, 'already_running', 'invalid_status'],
    cancel: [...COMMON, ...CHANGE, 'already_terminal'],
    reschedule: [...COMMON, ...CHANGE, ...START, 'invalid_status'],
    change: [...COMMON, ...CHANGE, 'invalid_status'],
    pause: [...COMMON, ...CHANGE, 'invalid_status'],
    resume: [...COMMON, ...CHANGE, 'invalid_status'],
    getQueueView: [...COMMON, 'job_not_found'],
    getStartReceipt: [...COMMON, 'job_not_found', 'start_receipt_not_found'],
    listHistory: [...COMMON, 'job_not_found', 'invalid_page', 'invalid_page_size'],
    getConsistency: COMMON,
    repairConsistency: [...COMMON, ...HARMLESS, 'redis_unavailable'],
    reportOutcome: [...COMMON, ...HARMLESS, 'call_not_found'],
    preview: [...COMMON, ...START],
    check: ['internal_error'],
    listTimezones: ['invalid_request', 'internal_error'],
    getTimezoneVersion: ['invalid_request', 'internal_error'],
  };

  const WITHOUT_KEY = ['check', 'listTimezones', 'getTimezoneVersion'];

  const placesWhere = (places: readonly Place[], isFaulty: (what: Any) => boolean): string[] =>
    places.filter(({ what }) => isFaulty(what)).map(({ where }) => where);

  const countSentences = (text: string): number => text.split(/[.!?](?:\s+|$)/).filter((part) => part.trim()).length;

  /** Objects show the examples of their own fields. */
  const isMadeOfOthers = ({ $ref, allOf, anyOf, items }: Any): boolean =>
    Boolean($ref ?? allOf ?? items?.$ref) || (anyOf ?? []).some((one: Any) => one.$ref);

  describe('the OpenAPI document', () => {
    it('is test/openapi.snapshot.json; if it may change: npm run openapi:update', async () => {
      expect(document).toEqual(JSON.parse(await readFile(SNAPSHOT, 'utf8')));
    });

    it('is valid by an independent validator', async () => {
      const validator = new Validator();

      expect(await validator.validate(structuredClone<Any>(document))).toEqual({ valid: true });
      expect(validator.version).toBe('3.1');
    });

    it('has the routes of the contract', () => {
      expect(walk.operations.map(({ where }) => where)).toEqual(expect.arrayContaining(Object.keys(CODES)));
      expect(walk.operations).toHaveLength(Object.keys(CODES).length);
    });

    describe('describes', () => {
      it('every operation, parameter, header, answer and field, in at most three sentences', () => {
        const all = [...walk.operations, ...walk.parameters, ...walk.headers, ...walk.responses, ...walk.properties];

        expect(placesWhere(all, ({ description }) => !description?.trim())).toEqual([]);
        expect(placesWhere(all, ({ description = '' }) => countSentences(description) > 3)).toEqual([]);
      });

      it('every operation with a summary of at most eight words', () => {
        expect(placesWhere(walk.operations, ({ summary }) => !summary || summary.split(/\s+/).length > 8)).toEqual([]);
      });
    });

    describe('shows an example', () => {
      it('of every parameter, header and field', () => {
        const all = [...walk.parameters, ...walk.headers, ...walk.properties];

        expect(placesWhere(all, (what) => examplesOf(what).length === 0 && !isMadeOfOthers(what))).toEqual([]);
      });

      it('that its schema allows', () => {
        const all = [...walk.parameters, ...walk.headers, ...walk.contents, ...walk.properties];

        const faults = all.flatMap(({ where, what }) =>
          examplesOf(what).flatMap((value) =>
            schemas.faultsOf(what.schema ?? what, value).map((fault) => `${where}: ${fault}`),
          ),
        );

        expect(faults).toEqual([]);
      });
    });

    describe('names the error codes', () => {
      it.each(Object.entries(CODES))('of %s, each under its status and with a sentence', (id, codes) => {
        const problems = walk.problemsOf(id);

        expect(new Set(problems.map(({ what }) => what.code))).toEqual(new Set(codes));
        for (const { where, what } of problems) {
          const { status, title } = HTTP_MEANING[what.code as ErrorCode];
          expect(where).toBe(`${id} ${status} application/problem+json`);
          expect(what).toMatchObject({ status, title, type: `/docs/errors#${what.code}` });
          expect(what.detail).toMatch(/^.{10,}/);
        }
      });

      it('and nothing but problems under the statuses of failures', () => {
        const failures = walk.contents.filter(({ where }) => / [45]\d\d /.test(where));
        const others = failures.filter(({ where }) => !where.endsWith(' application/problem+json'));

        expect(others.map(({ where }) => where)).toEqual(['check 503 application/json']);
      });

      it('and the headers that come with them', () => {
        const headersOf = (id: string) =>
          Object.fromEntries(
            Object.entries<Any>(walk.operation(id).responses).map(([status, { headers }]) => [
              status,
              Object.keys(headers),
            ]),
          );
        const limits = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

        expect(headersOf('reschedule')).toEqual({
          200: ['X-Request-Id', ...limits, 'ETag', 'Idempotency-Replayed'],
          400: ['X-Request-Id'],
          401: ['X-Request-Id', 'WWW-Authenticate'],
          403: ['X-Request-Id'],
          404: ['X-Request-Id'],
          408: ['X-Request-Id'],
          409: ['X-Request-Id'],
          412: ['X-Request-Id'],
          413: ['X-Request-Id'],
          415: ['X-Request-Id', 'Accept-Encoding'],
          422: ['X-Request-Id'],
          429: ['X-Request-Id', ...limits, 'Retry-After'],
          500: ['X-Request-Id'],
          503: ['X-Request-Id', 'Retry-After'],
        });
        expect(headersOf('check')).toEqual({ 200: ['X-Request-Id'], 500: ['X-Request-Id'], 503: ['X-Request-Id'] });
      });
    });

    it('takes a form and JSON, each under its own media type', () => {
      expect(walk.operation('create').requestBody.content).toMatchObject({
        'multipart/form-data': { schema: { $ref: '#/components/schemas/CreateFormBody' } },
        'application/json': { schema: { $ref: '#/components/schemas/CreateJsonBody' } },
      });
      expect(document.components.schemas).toMatchObject({
        CreateFormBody: { required: ['fromPhoneNumberId', 'name', 'file'] },
        CreateJsonBody: { required: ['fromPhoneNumberId', 'name', 'contacts'] },
      });
    });

    it('asks for a key, in either header, everywhere but where the service itself is asked', () => {
      const security = walk.operations.map(({ where, what }) => [where, what.security]);

      const either = expect.arrayContaining([{ bearer: [] }, { 'x-api-key': [] }]);
      expect(Object.fromEntries(security)).toEqual({
        ...Object.fromEntries(Object.keys(CODES).map((id) => [id, either])),
        ...Object.fromEntries(WITHOUT_KEY.map((id) => [id, undefined])),
      });
    });

    it('does not show what it was put together with', () => {
      expect(JSON.stringify(document)).not.toContain('"x-body');
    });
  });

  describe('an actual answer is what the document says', () => {
    const NOW = '2027-02-20T00:00:00Z';
    const start = { scheduledStartTime: '2027-03-01T10:00:00', timezone: 'America/New_York' };

    /** Faults of the body, and headers that are missing. */
    const differences = (id: string, { status, headers: sent, body }: Answer): string[] => {
      const { content, headers } = walk.operation(id).responses[status];
      const mediaType = sent.get('content-type')?.split(';')[0] ?? '';
      const missing = Object.keys(headers).filter((name) => name !== 'Idempotency-Replayed' && !sent.has(name));
      return [...schemas.faultsOf(content[mediaType].schema, body), ...missing];
    };

    const running = async (): Promise<string> => {
      const id = await app.create();
      await app.post(`/batch/jobs/${id}/start`);
      return id;
    };
    const aMovedJob = async (): Promise<string> => {
      const id = await app.create(start);
      await app.reschedule(id, { ...start, reason: 'Storm over the region' });
      return id;
    };
    const cancelled = async (): Promise<string> => {
      const id = await app.create(start);
      await app.post(`/batch/jobs/${id}/cancel`);
      return id;
    };
    const preview = (query: Readonly<Record<string, string>>) =>
      app.get(`/batch/schedule/preview?${new URLSearchParams(query).toString()}`);
    const create = (fields: object) => app.post('/batch/create', { ...aBatch(), ...fields });
    const REPAIR = '/admin/consistency/repair';
    const drift = async () => {
      const id = await app.create(start);
      await app.loseQueueJob(`${id}.r1`);
      return app.get('/admin/consistency', await app.keyWith(['admin']));
    };
    const report = async (callId: string, body: unknown) =>
      app.post(`/batch/calls/${callId}/outcome`, body, await app.keyWith(['calls:report']));
    /** A call in flight, or one that has ended, as a worker would have left it. */
    const aCall = async (hasEnded = false): Promise<string> => {
      const [{ id }] = await app.database.query<[{ id: string }]>(
        `insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, placed_at, lease_ends_at)
       select 'call_' || substr(id, 9), 'org_a', batch_job_id, id, 1, now(), now(), now() from contacts
        where batch_job_id = $1 and position = 1 returning id`,
        [await running()],
      );
      if (hasEnded) await report(id, { outcome: 'answered' });
      return id;
    };
    const rejected = { contacts: [{ phone: '+12025550123' }, { phone: '+12025550123' }, { phone: '+1' }] };

    it.each<[string, string, () => Promise<Answer>]>([
      ['create', 'a pending job', () => create({})],
      ['create', 'a scheduled job', () => create({ ...start, description: null, disambiguation: null })],
      ['create', 'rows left out', () => create(rejected)],
      ['reschedule', 'a move', async () => app.reschedule(await app.create(start), start)],
      ['getDetail', 'a pending job', async () => app.get(`/batch/jobs/${await app.create()}`)],
      ['getDetail', 'a scheduled job', async () => app.get(`/batch/jobs/${await app.create(start)}`)],
      ['getDetail', 'a running job', async () => app.get(`/batch/jobs/${await running()}`)],
      ['listContacts', 'a page', async () => app.get(`/batch/jobs/${await running()}/contacts?pageSize=1`)],
      ['exportContacts', 'a file', async () => app.post(`/batch/jobs/${await cancelled()}/export`)],
      ['watch', 'a stream', async () => app.get(`/batch/jobs/${await cancelled()}/events`)],
      ['delete', 'a deletion', async () => app.send('DELETE', `/batch/jobs/${await app.create(start)}`)],
      ['list', 'a page', async () => (await running(), app.get('/batch/jobs?pageSize=1'))],
      ['start', 'a start', async () => app.post(`/batch/jobs/${await app.create(start)}/start`)],
      ['cancel', 'a cancellation', async () => app.post(`/batch/jobs/${await app.create(start)}/cancel`)],
      ['getQueueView', 'a scheduled job', async () => app.get(`/batch/jobs/${await app.create(start)}/redis-status`)],
      ['getStartReceipt', 'a running job', async () => app.get(`/batch/jobs/${await running()}/start-receipt`)],
      ['listHistory', 'a moved job', async () => app.get(`/batch/jobs/${await aMovedJob()}/history?pageSize=1`)],
      ['getQueueView', 'a running job', async () => app.get(`/batch/jobs/${await running()}/redis-status`)],
      ['getConsistency', 'no difference', async () => app.get('/admin/consistency', await app.keyWith(['admin']))],
      ['getConsistency', 'differences', drift],
      ['repairConsistency', 'a repair', async () => app.post(REPAIR, undefined, await app.keyWith(['admin']))],
      ['check', 'a healthy service', () => app.get('/health', null)],
      ['reportOutcome', 'a call that has ended', async () => report(await aCall(), { outcome: 'answered' })],
      ['reportOutcome', 'a call to be repeated', async () => report(await aCall(), { outcome: 'busy' })],
      ['reportOutcome', 'a second report', async () => report(await aCall(true), { outcome: 'busy' })],
      ['preview', 'a start ahead', () => preview(start)],
      ['preview', 'a skipped one', () => preview({ ...start, scheduledStartTime: '2027-03-14T02:30:00' })],
      ['listTimezones', 'the list', () => app.get('/timezones', null)],
      ['getTimezoneVersion', 'the versions', () => app.get('/timezones/version', null)],
    ])('%s: %s', async (id, _what, send) => {
      await app.setNow(NOW);

      const answer = await send();

      expect(answer.status).toBe(200);
      expect(differences(id, answer)).toEqual([]);
    });

    const JOB = '/batch/jobs/batch_none';
    const move = (query: Readonly<Record<string, string>>) => app.reschedule('batch_none', { ...start, ...query });

    /** Names are those of the examples in the document. */
    it.each<[string, string, () => Promise<Answer>]>([
      ['create', 'unsupported_media_type', () => app.send('POST', '/batch/create', { body: 'phone' })],
      ['create', 'invalid_request', () => create({ concurrentCallLimit: 51 })],
      ['create', 'phone_number_not_found', () => create({ fromPhoneNumberId: 'phone_abc123' })],
      ['create', 'invalid_phone_format', () => create({ contacts: [{ phone: '+1' }, { phone: '+1202' }] })],
      ['list', 'invalid_api_key', () => app.get('/batch/jobs', 'bj_live_wrong')],
      ['list', 'invalid_request', () => app.get('/batch/jobs?pagesize=5')],
      ['list', 'invalid_status', () => app.get('/batch/jobs?status=done')],
      ['list', 'invalid_page', () => app.get('/batch/jobs?page=0')],
      ['list', 'invalid_page_size', () => app.get('/batch/jobs?pageSize=0')],
      ['list', 'invalid_datetime (format)', () => app.get('/batch/jobs?startsAfter=today')],
      ['list', 'organization_mismatch', () => app.get('/batch/jobs?organizationId=org_b')],
      ['getDetail', 'job_not_found', () => app.get(JOB)],
      ['getDetail', 'invalid_request', () => app.get(`${JOB}?contactsPagesize=5`)],
      ['getDetail', 'invalid_contact_status', () => app.get(`${JOB}?contactStatus=done`)],
      ['getDetail', 'invalid_page', () => app.get(`${JOB}?contactsPage=0`)],
      ['getDetail', 'invalid_page_size', () => app.get(`${JOB}?contactsPageSize=501`)],
      ['listContacts', 'invalid_request', () => app.get(`${JOB}/contacts?contactsPage=5`)],
      ['listContacts', 'invalid_page_size', () => app.get(`${JOB}/contacts?pageSize=501`)],
      ['exportContacts', 'invalid_request', () => app.post(`${JOB}/export`, { filter: 'busy' })],
      ['exportContacts', 'invalid_status', async () => app.post(`/batch/jobs/${await running()}/export`)],
      ['watch', 'invalid_request', () => app.get(`${JOB}/events?force=true`)],
      ['delete', 'invalid_request', () => app.send('DELETE', `${JOB}?reason=${'x'.repeat(201)}`)],
      ['delete', 'invalid_status', async () => app.send('DELETE', `/batch/jobs/${await running()}`)],
      ['start', 'invalid_request', () => app.post(`${JOB}/start?force=true`)],
      [
        'start',
        'insufficient_scope',
        async () => app.post(`${JOB}/start`, undefined, await app.keyWith(['jobs:read'])),
      ],
      ['start', 'already_running', async () => app.post(`/batch/jobs/${await running()}/start`)],
      ['cancel', 'invalid_request', () => app.post(`${JOB}/cancel?reason=${'x'.repeat(201)}`)],
      ['listHistory', 'invalid_request', () => app.get(`${JOB}/history?limit=5`)],
      ['listHistory', 'invalid_page', () => app.get(`/batch/jobs/${UNKNOWN_ID}/history?cursor=next`)],
      ['listHistory', 'invalid_page_size', () => app.get(`${JOB}/history?pageSize=201`)],
      ['getConsistency', 'insufficient_scope', () => app.get('/admin/consistency')],
      ['reportOutcome', 'call_not_found', () => report('call_none', { outcome: 'busy' })],
      ['reportOutcome', 'invalid_request', () => report('call_none', {})],
      ['reportOutcome', 'insufficient_scope', () => app.post('/batch/calls/call_none/outcome', { outcome: 'busy' })],
      ['reportOutcome', 'unsupported_media_type', () => report('call_none', undefined)],
      ['repairConsistency', 'insufficient_scope', () => app.post(REPAIR)],
      ['preview', 'invalid_request', () => preview({ ...start, timeZone: 'UTC' })],
      ['preview', 'invalid_timezone', () => preview({ ...start, timezone: 'America/NewYork' })],
      ['listTimezones', 'invalid_request', () => app.get('/timezones?force=true', null)],
      ['getTimezoneVersion', 'invalid_request', () => app.get('/timezones/version?force=true', null)],
      ['reschedule', 'invalid_request', () => move({ timeZone: 'UTC' })],
      ['reschedule', 'invalid_status', async () => app.reschedule(await running(), start)],
      ['reschedule', 'invalid_timezone', () => move({ timezone: 'America/NewYork' })],
      ['reschedule', 'invalid_datetime (missing)', () => move({ scheduledStartTime: '' })],
      ['reschedule', 'invalid_datetime (format)', () => move({ scheduledStartTime: '01.03.2025 10:00' })],
      ['reschedule', 'invalid_datetime (too_far)', () => move({ scheduledStartTime: '2037-01-01T10:00:00' })],
      [
        'reschedule',
        'past_scheduled_time',
        async () => app.reschedule(await app.create(), { ...start, scheduledStartTime: '2025-03-01T10:00:00' }),
      ],
    ])('%s refuses with %s, word for word', async (id, name, send) => {
      await app.setNow(NOW);

      const answer = await send();

      expect(differences(id, answer)).toEqual([]);
      const { examples } = walk.operation(id).responses[answer.status].content['application/problem+json'];
      expect(answer.body).toEqual({ ...examples[name]?.value, instance: answer.headers.get('x-request-id') });
    });

    it('reschedule: every worked example', async () => {
      const { parameters, responses } = walk.operation('reschedule');
      const moved = responses[200].content['application/json'].examples;
      const asked = (parameter: string): Any => parameters.find(({ name }: Any) => name === parameter).examples;
      const names = Object.keys(asked('scheduledStartTime'));
      expect(names).toEqual(
        expect.arrayContaining(['newYork', 'utc', 'pending', 'storm', 'legalHours', 'daylightTime']),
      );

      for (const name of names) {
        const scheduledStartTime: string = asked('scheduledStartTime')[name].value;
        const year = scheduledStartTime.slice(0, 4);
        await app.setNow(`${year}-02-20T00:00:00Z`);
        const id = await app.create(name === 'pending' ? {} : { scheduledStartTime: `${year}-02-25T09:00:00` });

        const { body } = await app.reschedule(id, { scheduledStartTime, timezone: asked('timezone')[name].value });

        const shown = moved[name].value;
        const newScheduledJobId = shown.newScheduledJobId.replace(shown.batchJobId, id);
        expect({ name, body }).toEqual({ name, body: { ...shown, batchJobId: id, newScheduledJobId } });
      }
    });
  });
});
