import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CallRows } from '../support/call-rows.js';
import { eventually } from '../support/eventually.js';
import { LogLines } from '../support/log-lines.js';
import { ReadOnlyDatabase } from '../support/read-only-database.js';
import { contactIn, startBatch } from '../support/running-batch.js';
import { ANSWERED, ScriptedDialer } from '../support/scripted-dialer.js';
import { aBatch, TestApp } from '../support/test-app.js';

const dialer = new ScriptedDialer();
let app: TestApp;
let rows: CallRows;
let failover: ReadOnlyDatabase;
let log: LogLines;
beforeAll(async () => {
  app = await TestApp.start({ consumeQueues: true, dialer });
  rows = new CallRows(app.database);
  failover = new ReadOnlyDatabase(app.settings.databaseUrl);
  log = LogLines.listen();
});
beforeEach(() => {
  dialer.placed.length = 0;
  dialer.script = () => ANSWERED;
  log.forget();
});
afterAll(() => app.stop());

const LATER = { scheduledStartTime: new Date(Date.now() + 7 * 86_400_000).toISOString() };

describe('while PostgreSQL is read-only', () => {
  it('a known outcome is kept, recorded afterwards, and the person is not called again', async () => {
    dialer.script = async () => {
      await failover.begin();
      return ANSWERED;
    };
    const id = await startBatch(app);
    await eventually(() => expect(log.of('postgres refuses writes')).toHaveLength(1), 10_000);
    expect(await eventually(() => rows.calls(id))).toMatchObject([{ isPlaced: true, outcome: null }]);

    await failover.end();

    expect(await contactIn(app, id, 'completed')).toMatchObject({ attemptCount: 1, nextRetryAt: null });
    expect(await rows.calls(id)).toMatchObject([{ outcome: 'answered', reason: null }]);
    expect(dialer.placed).toHaveLength(1);
    await eventually(() => expect(log.of('postgres is back')).toHaveLength(1), 15_000);
  });

  it('requests that write are told to come again, and those that read are answered', async () => {
    const id = await app.create();
    const before = await app.everything();
    await failover.begin();

    const writes = [
      () => app.post('/batch/create', aBatch()),
      () => app.reschedule(id, LATER),
      () => app.post(`/batch/jobs/${id}/start`),
      () => app.send('DELETE', `/batch/jobs/${id}`),
    ];
    for (const write of writes) {
      // The first ones may still meet the sessions that have ended.
      await eventually(async () => {
        const { status, headers, body } = await write();
        expect({ status, code: body.code, detail: body.detail }).toEqual({
          status: 503,
          code: 'unavailable',
          detail: 'The database takes no changes at the moment and nothing was changed. Try again in a few seconds.',
        });
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      });
    }
    for (const path of [`/batch/jobs/${id}`, '/batch/jobs', `/batch/jobs/${id}/history`]) {
      expect((await app.get(path)).status).toBe(200);
    }
    expect(await eventually(() => app.everything())).toEqual(before);

    await failover.end();
    await eventually(async () => expect((await app.reschedule(id, LATER)).status).toBe(200));
  });
});
