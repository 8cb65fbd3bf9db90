import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aBatch, TestApp, UNKNOWN_ID } from '../../support/test-app.js';

describe('entity tag', () => {
  const START = { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'America/New_York' };

  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const read = async (id: string) => {
    const { headers, body } = await app.get(`/batch/jobs/${id}`);
    return { header: headers.get('etag'), inBody: body.etag as string, cacheControl: headers.get('cache-control') };
  };

  /** Every change of a job that is there. */
  const CHANGES: Readonly<Record<string, [method: string, path: string]>> = {
    reschedule: ['PATCH', `reschedule?${new URLSearchParams(START).toString()}`],
    start: ['POST', 'start'],
    cancel: ['POST', 'cancel'],
  };

  const change = (verb: string, id: string, ifMatch?: string) => {
    const [method, path] = CHANGES[verb];
    return app.send(
      method,
      `/batch/jobs/${id}/${path}`,
      ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } },
    );
  };

  describe('ETag', () => {
    it('is a strong tag in header and body, the same in every answer until the job changes', async () => {
      const created = await app.post('/batch/create', { ...aBatch(), ...START });
      const id = created.body.batchJobId as string;
      const first = await read(id);

      expect(first.header).toMatch(/^"\d+\.\d+"$/);
      expect(first.inBody).toBe(first.header);
      expect(created.headers.get('etag')).toBe(first.header);
      expect(await read(id)).toEqual(first);
      const { body } = await app.get('/batch/jobs?pageSize=1');
      expect(body.batchJobs[0]).toMatchObject({ id, etag: first.header });
    });

    it.each(Object.keys(CHANGES))('is another one after a %s, which answers with it', async (verb) => {
      const id = await app.create(START);
      const before = await read(id);

      const { headers, body } = await change(verb, id);

      const after = await read(id);
      expect(after.header).not.toBe(before.header);
      expect([headers.get('etag'), body.etag]).toEqual([after.header, after.header]);
    });

    it('is no reason to take a stored answer for fresh: the counts of contacts move without it', async () => {
      const id = await app.create(START);
      const { header, cacheControl } = await read(id);
      expect(cacheControl).toBe('no-store');

      const again = await app.send('GET', `/batch/jobs/${id}`, { headers: { 'if-none-match': header ?? '' } });

      expect(again.status).toBe(200);
    });
  });

  describe.each(Object.keys(CHANGES))('If-Match on a %s', (verb) => {
    it('of the tag there is lets it be done', async () => {
      const id = await app.create(START);
      expect((await change(verb, id, (await read(id)).inBody)).status).toBe(200);
    });

    it('of a stale tag is 412 with the current one, and changes nothing', async () => {
      const id = await app.create(START);
      const { inBody: stale } = await read(id);
      await app.reschedule(id, START);
      const { inBody: currentTag } = await read(id);
      const before = await app.everything();

      const { status, body } = await change(verb, id, stale);

      expect({ status, body }).toMatchObject({ status: 412, body: { code: 'version_mismatch', currentTag } });
      expect(body.detail).toContain(currentTag);
      expect(await app.everything()).toEqual(before);
      expect((await change(verb, id, body.currentTag as string)).status).toBe(200);
    });

    it.each([
      ['*', 200],
      ['"none", TAG', 200],
      [' TAG ', 200],
      ['W/TAG', 412],
      ['"none", "9.9"', 412],
      ['TAG unquoted', 400],
      ['1.1', 400],
      ['', 400],
    ])('%j is answered with %d', async (template, expected) => {
      const id = await app.create(START);
      const given = template.replace('TAG', (await read(id)).inBody);

      const { status, body } = await change(verb, id, given);

      expect(status).toBe(expected);
      expect(body.errors?.[0].parameter).toBe(expected === 400 ? 'If-Match' : undefined);
    });

    it('gives way to what would be refused without it', async () => {
      const id = await app.create();
      await app.setStatus(id, 'completed');
      const expected = verb === 'cancel' ? 'already_terminal' : 'invalid_status';

      expect((await change(verb, id, '"0.0"')).body.code).toBe(expected);
      expect((await change(verb, UNKNOWN_ID, '"0.0"')).body.code).toBe('job_not_found');
    });
  });

  it('a past start is refused as such, whatever the tag', async () => {
    const id = await app.create();
    const path = `/batch/jobs/${id}/reschedule?scheduledStartTime=2025-01-01T10:00:00`;

    const { body } = await app.send('PATCH', path, { headers: { 'if-match': '"0.0"' } });

    expect(body.code).toBe('past_scheduled_time');
  });

  it.each(['*', '"1.1"'])('If-Match %j on a create is refused: there is no tag yet', async (ifMatch) => {
    const { status, body } = await app.send('POST', '/batch/create', {
      body: JSON.stringify(aBatch()),
      headers: { 'content-type': 'application/json', 'if-match': ifMatch },
    });

    expect({ status, body }).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ parameter: 'If-Match' }] },
    });
  });

  it('of two changes that saw the same job one is made', async () => {
    const id = await app.create(START);
    const { inBody } = await read(id);

    const answers = await Promise.all(Array.from({ length: 6 }, () => change('reschedule', id, inBody)));

    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412, 412, 412]);
  });
});
