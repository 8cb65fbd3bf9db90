import type { TestApp } from './test-app.js';
import { eventually } from './eventually.js';

/** A contact as `GET /batch/jobs/{id}` shows it, as far as calls change it. */
export interface ShownContact {
  readonly status: string;
  readonly errorCode: string | null;
  readonly failureReason: string | null;
  readonly attemptCount: number;
  readonly nextRetryAt: string | null;
  readonly callDuration: number;
  readonly roomName: string | null;
}

/** Starts a batch of one contact or more. @returns its id */
export async function startBatch(
  app: TestApp,
  contacts: readonly object[] = [{ phone: '+12025550123' }],
  fields: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const id = await app.create({ contacts, ...fields });
  const { status, body } = await app.post(`/batch/jobs/${id}/start`);
  if (status !== 200) throw new Error(`not started: ${JSON.stringify(body)}`);
  return id;
}

const contactsOf = async (app: TestApp, batchJobId: string): Promise<ShownContact[]> =>
  (await app.get(`/batch/jobs/${batchJobId}?contactsPageSize=500`)).body.contacts as ShownContact[];

/** Waits until the contact of a batch of one has this status. */
export const contactIn = (app: TestApp, batchJobId: string, status: string, withinMs?: number): Promise<ShownContact> =>
  eventually(async () => {
    const [contact] = await contactsOf(app, batchJobId);
    if (contact.status !== status) throw new Error(`the contact is ${JSON.stringify(contact)}, not ${status}`);
    return contact;
  }, withinMs);

const callSince = (app: TestApp, batchJobId: string, moment: 'placed_at' | 'accepted_at'): Promise<string> =>
  eventually(async () => {
    const [call] = await app.database.query<{ id: string }[]>(
      `select id from call_attempts where batch_job_id = $1 and ${moment} is not null order by attempt desc limit 1`,
      [batchJobId],
    );
    if (!call) throw new Error(`no ${moment} yet`);
    return call.id;
  });

/** The call to the contact of a batch of one, once it was handed to the dialer. */
export const callOf = (app: TestApp, batchJobId: string): Promise<string> => callSince(app, batchJobId, 'placed_at');

/** The same, once it is known what the dialer said: where the call takes place. */
export const acceptedCallOf = (app: TestApp, batchJobId: string): Promise<string> =>
  callSince(app, batchJobId, 'accepted_at');

/** Ends the leases of all calls in flight, as if their time had passed. */
export const endLeases = async (app: TestApp): Promise<void> => {
  await app.database.query(
    `update call_attempts set lease_ends_at = clock_timestamp() - interval '1 second'
      where ended_at is null and placed_at is not null`,
  );
};
