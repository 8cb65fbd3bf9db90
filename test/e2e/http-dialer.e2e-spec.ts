import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OrganizationsService } from '../../src/access/organizations.service.js';
import { HttpDialer } from '../../src/calling/dialers/http.dialer.js';
import type { OutboundCall } from '../../src/calling/dialer.js';
import { eventually } from '../support/eventually.js';
import { HttpService, reply, type Received } from '../support/http-service.js';
import { isLongRun } from '../support/long-run.js';
import { callOf, contactIn, endLeases, startBatch } from '../support/running-batch.js';
import { contacts, TestApp } from '../support/test-app.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

let service: HttpService;
let app: TestApp;
let key: string;
beforeAll(async () => {
  service = await HttpService.start();
  app = await TestApp.start({
    dialer: new HttpDialer({ url: `${service.url}/calls`, secret: SECRET }),
    consumeQueues: true,
    settings: { dialTimeoutSeconds: 1 },
  });
  // Calls that a test leaves in flight keep their slots.
  await app.app.get(OrganizationsService, { strict: false }).setCallLimit('org_a', 100);
  key = await app.keyWith(['calls:report']);
});
afterAll(async () => {
  await app.stop();
  await service.stop();
});
beforeEach(() => {
  service.received.length = 0;
});

const placedIn = ({ body }: Received): OutboundCall => JSON.parse(body) as OutboundCall;
const report = (callId: string, outcome: string) => app.post(`/batch/calls/${callId}/outcome`, { outcome }, key);
const postsOf = (batchJobId: string): Received[] =>
  service.received.filter((request) => request.method === 'POST' && placedIn(request).batchJobId === batchJobId);

describe('a call service that behaves', () => {
  it('is given the call as it was claimed, and ends it at once', async () => {
    service.answerWith(200, { outcome: 'answered', durationSeconds: 42, roomName: 'room-7' });
    const id = await startBatch(app, [{ phone: '+12025550123', name: 'Ada' }]);

    expect(await contactIn(app, id, 'completed')).toMatchObject({ callDuration: 42, roomName: 'room-7' });
    expect(postsOf(id).map(placedIn)).toEqual([
      {
        callId: await callOf(app, id),
        organizationId: 'org_a',
        batchJobId: id,
        contactId: expect.stringMatching(/./),
        agentId: 'agent_a',
        fromPhoneNumberId: 'phone_a',
        fromPhoneNumber: '+12025550100',
        toPhoneNumber: '+12025550123',
        contactData: { phone: '+12025550123', name: 'Ada' },
        attempt: 1,
        maxAttempts: 3,
        maxCallSeconds: 3_600,
      },
    ]);
    await eventually(async () => expect((await app.get(`/batch/jobs/${id}`)).body.status).toBe('completed'));
  });

  it('accepts it and reports later, as often as it likes', async () => {
    service.answerWith(202, { providerCallId: 'p-7', roomName: 'room-8' });
    const id = await startBatch(app);
    const callId = await callOf(app, id);
    await eventually(async () => {
      const [call] = await app.database.query<object[]>('select * from call_attempts where id = $1', [callId]);
      expect(call).toMatchObject({ provider_call_id: 'p-7', room_name: 'room-8', ended_at: null });
    });

    expect((await report(callId, 'no_answer')).body).toMatchObject({ recorded: true, contactStatus: 'queued' });
    expect((await report(callId, 'no_answer')).body).toMatchObject({ recorded: false });
    expect((await report(callId, 'answered')).body).toMatchObject({ recorded: false });
    expect(await contactIn(app, id, 'queued')).toMatchObject({ attemptCount: 1, roomName: 'room-8' });
  });

  it('reports before it has answered', async () => {
    service.answer = async (request, response) => {
      const { body } = await report(placedIn(request).callId, 'answered');
      reply(response, 202, { providerCallId: `recorded ${body.recorded}` });
    };
    const id = await startBatch(app);
    await contactIn(app, id, 'completed');

    const [{ outcome, provider_call_id: late }] = await app.database.query<Record<string, unknown>[]>(
      'select * from call_attempts where batch_job_id = $1',
      [id],
    );
    expect({ outcome, late }).toEqual({ outcome: 'answered', late: null });
  });
});

describe('a call service that misbehaves', () => {
  it.each<[string, number, unknown, string, string]>([
    ['refuses the call', 422, { code: 'no_such_template' }, 'carrier_error', 'http_422'],
    ['refuses the number', 422, { outcome: 'invalid_number', errorCode: '404' }, 'invalid_number', '404'],
  ])('%s: the contact ends so', async (_, status, body, contactStatus, errorCode) => {
    service.answerWith(status, body);
    const id = await startBatch(app);
    expect(await contactIn(app, id, contactStatus)).toMatchObject({ errorCode, attemptCount: 1, nextRetryAt: null });
    expect(postsOf(id)).toHaveLength(1);
  });

  it('is full: the contact waits, and is called as soon as it says', async () => {
    service.answer = (_, response) => {
      service.answerWith(200, { outcome: 'answered' });
      reply(response, 429, undefined, { 'retry-after': '1' });
    };
    const id = await startBatch(app);
    expect(await contactIn(app, id, 'completed')).toMatchObject({ attemptCount: 1, errorCode: null });
    expect(postsOf(id)).toHaveLength(2);
  });

  const nothing = (): void => undefined;
  it.each<[string, () => void]>([
    ['fails', () => service.answerWith(500)],
    ['talks garbage', () => service.answerWith(200, '<html>')],
    ['is slow', () => (service.answer = nothing)],
    ['hangs up', () => (service.answer = (_, { socket }) => socket?.destroy())],
    ['never ends', () => service.answerWith(200, { outcome: 'busy', more: 'x'.repeat(1_000_000) })],
  ])('%s: the call may be on, is waited for, and not repeated at once', async (_, misbehave) => {
    misbehave();
    const id = await startBatch(app);
    await callOf(app, id);
    await eventually(() => expect(postsOf(id)).toHaveLength(1));
    await contactIn(app, id, 'dialing');

    // It knows nothing of the call afterwards, either.
    service.answerWith(404);
    await endLeases(app);
    const contact = await contactIn(app, id, 'queued');
    expect(contact).toMatchObject({ failureReason: 'unknown_outcome', attemptCount: 1 });
    expect(Date.parse(contact.nextRetryAt ?? '') - Date.now()).toBeGreaterThan(4 * 60_000);
    expect(postsOf(id)).toHaveLength(1);
  });

  it('loses its report: it is asked when the lease ends, and again while the call goes on', async () => {
    service.answerWith(202);
    const id = await startBatch(app);
    const callId = await callOf(app, id);
    await eventually(() => expect(postsOf(id)).toHaveLength(1));
    const asked = () => service.received.filter(({ path }) => path === `/calls/${callId}`).length;

    service.answerWith(200, { status: 'in_progress' });
    // The 202 may be written only after it, and gives the call another lease.
    await eventually(async () => {
      await endLeases(app);
      expect(asked()).toBeGreaterThan(0);
    });
    await contactIn(app, id, 'dialing');

    service.answerWith(200, { outcome: 'answered', durationSeconds: 7 });
    await eventually(async () => {
      await endLeases(app);
      expect(await contactIn(app, id, 'completed', 0)).toMatchObject({ callDuration: 7 });
    });
  });
});

describe('a call service that places no call of the batch', () => {
  const started = async (): Promise<string> => {
    const id = await app.create({ contacts: contacts(20), concurrentCallLimit: 1 });
    await app.post(`/batch/jobs/${id}/start`);
    return id;
  };

  it('as the agent is gone: the batch fails, and calls nobody else', async () => {
    service.answerWith(422, { code: 'agent_not_found' });
    const id = await started();
    await eventually(async () => {
      expect((await app.get(`/batch/jobs/${id}`)).body).toMatchObject({ status: 'failed' });
    });
    await eventually(async () => {
      const { statusBreakdown } = (await app.get(`/batch/jobs/${id}`)).body;
      expect(statusBreakdown).toMatchObject({ cancelled: 20, failed: 0 });
    });
    expect(postsOf(id)).toHaveLength(1);
  });

  const AWAY: [string, number, unknown][] = [
    ['as our signature is not accepted', 401, undefined],
    ['as it is not there', 404, '<html>'],
    ['as it is elsewhere', 307, undefined],
  ];
  it.each(isLongRun ? AWAY : AWAY.slice(0, 1))(
    '%s: the batch is paused after a few tries, no contact is used up, and it goes on when resumed',
    async (_, status, body) => {
      service.answerWith(status, body, { location: `${service.url}/elsewhere` });
      const id = await started();
      await eventually(async () => {
        const { body: job } = await app.get(`/batch/jobs/${id}`);
        expect(job).toMatchObject({ status: 'paused', statusBreakdown: { pending: 20 } });
      });
      expect(postsOf(id).length).toBeLessThan(10);

      service.answerWith(200, { outcome: 'answered' });
      await app.post(`/batch/jobs/${id}/resume`);
      await eventually(async () => {
        const { body: job } = await app.get(`/batch/jobs/${id}`);
        expect(job).toMatchObject({ status: 'completed', statusBreakdown: { completed: 20 } });
      });
    },
  );
});
