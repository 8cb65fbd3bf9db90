import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { callEnd } from '../../src/batch-jobs/call.outcome.js';
import { callSnooze } from '../../src/batch-jobs/call.snooze.js';
import { CallsRepository } from '../../src/batch-jobs/calls.repository.js';
import { SetbacksRepository } from '../../src/batch-jobs/setbacks.repository.js';
import type { Database } from '../../src/shared/database.js';
import { run, type Statement } from '../../src/shared/statement.js';
import { CallRows } from '../support/call-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

// Of so many PostgreSQL would rather read every row than look thousands up.
const CONTACTS = 20_000;
const LEASE_MS = 60_000;
const RETRY = { delaysMs: [60_000], leastMs: 0 };

let db: ScheduleDatabase;
beforeAll(async () => {
  db = await ScheduleDatabase.create();
  const rows = new CallRows(db.source);
  await rows.addOrganization('org_a', 200);
  await rows.addCallable({ contacts: CONTACTS, callLimit: 200 });
  await db.source.query('vacuum analyze contacts');
});
afterAll(() => db.drop());

/** Every statement of the work in this one transaction, which alone can count what it reads. */
const within = (manager: EntityManager): Database =>
  ({
    run: <Parameters extends object>(ran: Statement<Parameters, object>, values: Parameters) =>
      run(manager, ran, values),
    transaction: (work: (inner: EntityManager) => Promise<unknown>) => work(manager),
  }) as unknown as Database;

/** How many contacts were read on this connection. */
const rowsRead = async (manager: EntityManager): Promise<number> => {
  const [{ rows }] = await manager.query<[{ rows: number }]>(
    `select (seq_tup_read + idx_tup_fetch)::integer as rows from pg_stat_xact_user_tables where relname = 'contacts'`,
  );
  return rows;
};

/** Those who were called since PostgreSQL looked at what the table holds. */
const CALL_HALF = `update contacts set status = 'completed' where position <= ${CONTACTS / 2}`;

describe('a call out of a long list', () => {
  it.each([
    ['nobody of it was called', 1, 'select'],
    ['nobody of it was called', 100, 'select'],
    ['half of it was called', 1, CALL_HALF],
    ['half of it was called', 100, CALL_HALF],
  ])('is claimed, placed, ended and given back without reading the list: %s, %d at once', async (_, most, prepare) => {
    await db.source.transaction(async (manager) => {
      await manager.query(prepare);
      const before = await rowsRead(manager);
      const calls = new CallsRepository(within(manager));
      const claimed = await calls.claim('org_a', most);
      await Promise.all(claimed.map((call) => calls.take(call, LEASE_MS)));
      await new SetbacksRepository(within(manager)).snooze(claimed[0].callId, callSnooze('provider_busy'), null);
      const again = await calls.claim('org_a', most);
      const ending = [...claimed.slice(1), ...again].map(({ callId }) =>
        calls.end({ callId, end: callEnd('busy'), retry: RETRY, organizationId: null }),
      );
      await Promise.all(ending);
      await calls.complete('org_a');

      expect(claimed).toHaveLength(most);
      expect((await rowsRead(manager)) - before).toBeLessThan(20 * most);
      await manager.query('rollback');
    });
  });
});
