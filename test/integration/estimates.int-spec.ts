import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RETRYABLE_STATUSES } from '../../src/batch-jobs/contact.status.js';
import { EstimateRepository } from '../../src/batch-jobs/estimate.repository.js';
import { Database } from '../../src/shared/database.js';
import { CallRows } from '../support/call-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

let db: ScheduleDatabase;
let rows: CallRows;
let estimates: EstimateRepository;
beforeAll(async () => {
  db = await ScheduleDatabase.create();
  rows = new CallRows(db.source);
  estimates = new EstimateRepository(new Database(db.source));
});
afterAll(() => db.drop());
afterEach(() => db.source.query('truncate batch_jobs, call_attempts, organizations cascade'));

/** Lets the first contacts of a job have ended calls of two minutes, the outcomes of each in order. */
async function called(id: string, outcomes: readonly (readonly string[])[]): Promise<void> {
  for (const [at, each] of outcomes.entries()) {
    await db.source.query(
      `with contact as (
         update contacts set status = $3, attempt_count = cardinality($4::text[]),
                next_retry_at = case when $3 = 'queued' then timestamptz '2027-03-01T15:00:00Z' end
          where batch_job_id = $1 and position = $2 returning id
       )
       insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, placed_at,
                                  lease_ends_at, ended_at, outcome)
       select contact.id || '.' || attempt, 'org_a', $1, contact.id, attempt, now(), now(), now(),
              now() + interval '2 minutes', outcome
         from contact, unnest($4::text[]) with ordinality as calls (outcome, attempt)`,
      [id, at + 1, each.at(-1) === 'answered' ? 'completed' : 'queued', each],
    );
  }
}

describe('the habits of an organization', () => {
  it('are its limit, and how many of its calls would have been repeated by the new batch', async () => {
    await rows.addOrganization('org_a', 7);
    await rows.addOrganization('org_b', 7);
    await called(await rows.addCallable({ contacts: 4 }), [['busy', 'answered'], ['no_answer'], ['answered']]);
    await called(await rows.addCallable({ contacts: 1, status: 'completed' }), [['answered']]);

    expect(await estimates.readHabits('org_a', RETRYABLE_STATUSES)).toEqual({
      concurrentCallLimit: 7,
      calls: 5,
      retried: 2,
    });
    expect(await estimates.readHabits('org_a', ['busy'])).toMatchObject({ calls: 5, retried: 1 });
    expect(await estimates.readHabits('org_a', [])).toMatchObject({ calls: 5, retried: 0 });
    expect(await estimates.readHabits('org_b', RETRYABLE_STATUSES)).toMatchObject({ calls: 0, retried: 0 });
    expect(await estimates.readHabits('org_none', RETRYABLE_STATUSES)).toMatchObject({ concurrentCallLimit: null });
  });
});

describe('the course of a batch', () => {
  it('is what its calls were, and who is called or waits for a call', async () => {
    const id = await rows.addCallable({ contacts: 5, maxAttempts: 4 });
    await called(id, [['busy', 'answered'], ['no_answer', 'busy'], ['answered']]);
    await db.source.query(
      `update contacts set status = 'dialing', attempt_count = 1 where batch_job_id = $1 and position = 4`,
      [id],
    );

    expect(await estimates.readCourse(id)).toEqual({
      sampledContacts: 4,
      calls: 5,
      retried: 3,
      callMs: 120_000,
      maxAttempts: 4,
      pausedMs: 0,
      open: [
        { attempts: 1, dueAtMs: null },
        { attempts: 2, dueAtMs: Date.parse('2027-03-01T15:00:00Z') },
      ],
    });
  });

  it('counts as repeated what its own policy repeats', async () => {
    const id = await rows.addCallable({ contacts: 2 });
    await called(id, [['busy'], ['no_answer']]);
    await db.source.query(`update batch_jobs set retryable_statuses = '{busy}' where id = $1`, [id]);
    expect(await estimates.readCourse(id)).toMatchObject({ calls: 2, retried: 1 });
  });

  it('adds up its pauses', async () => {
    const id = await rows.addCallable();
    await db.source.query(
      `insert into batch_job_history (batch_job_id, organization_id, action, actor, after, occurred_at)
       select $1, 'org_a', action, 'system', '{}', at from (values
         ('started', timestamptz '2027-03-01T10:00:00Z'),
         ('paused', '2027-03-01T10:10:00Z'), ('resumed', '2027-03-01T10:15:00Z'),
         ('paused', '2027-03-01T10:20:00Z'), ('resumed', '2027-03-01T10:20:30.5Z')) as changes (action, at)`,
      [id],
    );
    expect(await estimates.readCourse(id)).toMatchObject({ pausedMs: 330_500, calls: 0, callMs: null, open: [] });
  });

  it('is sampled all over the contacts that were called, and no longer for a long list', async () => {
    const id = await rows.addCallable({ contacts: 10_000 });
    await db.source.query(
      `update contacts set status = case when position % 2 = 0 then 'completed' else 'queued' end, attempt_count = 1,
              next_retry_at = case when position % 2 = 1 then now() + position * interval '1 second' end
        where batch_job_id = $1 and position <= 8000`,
      [id],
    );
    await db.source.query(
      `insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, ended_at, outcome)
       select 'call_' || position, 'org_a', batch_job_id, id, 1, now(), now(),
              case when position <= 4000 then 'busy' else 'answered' end
         from contacts where batch_job_id = $1 and position <= 8000`,
      [id],
    );

    const course = await estimates.readCourse(id);

    expect(course).toMatchObject({ sampledContacts: 200, calls: 200, retried: 100 });
    expect(course?.open).toHaveLength(200);
    const dueFirst = Math.min(...(course?.open ?? []).map(({ dueAtMs }) => Number(dueAtMs)));
    const latest = Math.max(...(course?.open ?? []).map(({ dueAtMs }) => Number(dueAtMs)));
    // Of 4,000 that wait, two seconds apart, the last 200.
    expect(latest - dueFirst).toBeCloseTo(398_000, -2);
  });

  it('is nothing of a batch that is gone', async () => {
    expect(await estimates.readCourse('batch_none')).toBeNull();
  });
});
