import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { request } from 'node:http';
import type { BatchJobStatus } from '../../../src/batch-jobs/batch-job.status.js';
import { ExportRepository } from '../../../src/batch-jobs/export.repository.js';
import type { Places } from '../../../src/batch-jobs/export.statements.js';
import { eventually } from '../../support/eventually.js';
import { LogLines } from '../../support/log-lines.js';
import { contacts, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('export', () => {
  let app: TestApp;
  let pieces: Pieces;
  beforeAll(async () => {
    app = await TestApp.start();
    pieces = new Pieces(app.app.get(ExportRepository, { strict: false }));
  });
  afterAll(() => app.stop());

  /** Counts the pieces that are read, and lets a test come between two of them. */
  class Pieces {
    read = 0;
    largestBytes = 0;
    before: (places: Places) => Promise<void> = async () => undefined;

    constructor(repository: ExportRepository) {
      const original = repository.readPiece.bind(repository);
      repository.readPiece = async (...given) => {
        this.read += 1;
        await this.before(given[1]);
        const piece = await original(...given);
        const bytes = JSON.stringify(piece?.contacts.map(({ contactData }) => contactData) ?? null).length;
        this.largestBytes = Math.max(this.largestBytes, bytes);
        return piece;
      };
    }
  }

  /** Waits until no piece was read for a while. @returns how many were read so far */
  const piecesAtRest = async (): Promise<number> => {
    const looks = { read: 0, same: 0 };
    return eventually(() => {
      looks.same = pieces.read === looks.read ? looks.same + 1 : 0;
      looks.read = pieces.read;
      expect(looks.same).toBeGreaterThan(25);
      return looks.read;
    });
  };

  const ended = async (list: readonly object[], status: BatchJobStatus = 'completed'): Promise<string> => {
    const id = await app.create({ contacts: list });
    await app.setStatus(id, status);
    return id;
  };
  const exportOf = (id: string, body?: unknown): Promise<Answer> => app.post(`/batch/jobs/${id}/export`, body);
  const rowsOf = (csv: string): Record<string, string>[] => parse(csv, { columns: true, bom: true });

  /** A list far longer than what is under way between service and client. */
  const longList = async (count: number): Promise<string> => {
    const id = await ended([{ phone: '+12025550123' }]);
    await app.database.query(
      `insert into contacts (id, batch_job_id, position, phone_number, contact_data, status)
     select $1 || place, $1, place, '+1202555' || place, json_build_object('phone', 'x', 'note', repeat('n', 1000)), 'completed'
       from generate_series(2, $2::integer) as place`,
      [id, count],
    );
    await app.database.query('update batch_jobs set total_contacts = $2 where id = $1', [id, count]);
    return id;
  };

  describe('POST /batch/jobs/:id/export', () => {
    it('200: the number, the custom columns in the order of the list, and what became of the contact', async () => {
      const id = await ended([
        { phone: '+12025550123', name: 'Ada', city: 'Zürich' },
        { city: 'Bern', phone: '+1 202 555 0124', vip: true, age: 36, tags: ['a', 'b'], note: null },
      ]);
      await app.database.query(
        `update contacts set status = 'completed', attempt_count = 2, last_attempt_at = '2027-03-01T15:00:01Z',
              completed_at = '2027-03-01T15:01:15.250Z', call_duration_seconds = 74, room_name = 'room_7f3a'
        where batch_job_id = $1 and position = 1`,
        [id],
      );
      await app.database.query(
        `update contacts set status = 'failed', error_code = '486', failure_reason = 'line "down", again'
        where batch_job_id = $1 and position = 2`,
        [id],
      );

      const { status, headers, body } = await exportOf(id);

      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(headers.get('content-disposition')).toBe(`attachment; filename="${id}.csv"`);
      expect(body.split('\r\n')).toEqual([
        '\u{feff}phone,name,city,vip,age,tags,note,call.status,call.attemptCount,call.lastAttemptAt,call.completedAt,call.callDuration,call.errorCode,call.failureReason,call.roomName'.slice(
          1,
        ),
        "'+12025550123,Ada,Zürich,,,,,completed,2,2027-03-01T15:00:01Z,2027-03-01T15:01:15.250Z,74,,,room_7f3a",
        `'+12025550124,,Bern,true,36,"[""a"",""b""]",,failed,0,,,,486,"line ""down"", again",`,
        '',
      ]);
    });

    it('200: begins with a byte order mark, for spreadsheets', async () => {
      const id = await ended([{ phone: '+12025550123', city: 'Zürich' }]);
      const headers = { authorization: `Bearer ${app.key}` };
      const answer = await fetch(`${app.url}/batch/jobs/${id}/export`, { method: 'POST', headers });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      expect([...bytes.subarray(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 'p'.charCodeAt(0)]);
    });

    it('200: no cell is a formula to a spreadsheet, nor a number to be rounded', async () => {
      const csv = 'phone,"=cmd|\' /C calc\'!A0",other\n+12025550123,"=1+1","+442079460123"\n+12025550124,@SUM(A1),-3\n';
      const { body } = await app.upload(csv);
      await app.setStatus(body.batchJobId, 'completed');
      const [header, ...rows]: string[][] = parse((await exportOf(body.batchJobId)).body, { bom: true });
      expect(header.slice(0, 3)).toEqual(['phone', "'=cmd|' /C calc'!A0", 'other']);
      expect(rows.map((row) => row.slice(0, 3))).toEqual([
        ["'+12025550123", "'=1+1", "'+442079460123"],
        ["'+12025550124", "'@SUM(A1)", "'-3"],
      ]);
    });

    it('200: successful and failed ones, each under a name of its own; cancelled ones are neither', async () => {
      const id = await ended(contacts(5));
      const statuses = ['completed', 'busy', 'cancelled', 'invalid_number', 'dialing'] as const;
      for (const [at, status] of statuses.entries()) await app.setContactStatus(id, at + 1, status);

      const all = await exportOf(id, { format: 'csv', filter: 'all' });
      const successful = await exportOf(id, { filter: 'successful' });
      const failed = await exportOf(id, { filter: 'failed' });

      const statusesOf = ({ body }: Answer) => rowsOf(body).map((row) => row['call.status']);
      expect(statusesOf(all)).toEqual(statuses);
      expect(statusesOf(successful)).toEqual(['completed']);
      expect(statusesOf(failed)).toEqual(['busy', 'invalid_number']);
      expect(failed.headers.get('content-disposition')).toBe(`attachment; filename="${id}-failed.csv"`);
    });

    it('200: those that were never called, however the job ended', async () => {
      const id = await ended(contacts(5), 'failed');
      const statuses = ['cancelled', 'pending', 'cancelled', 'busy', 'completed'] as const;
      for (const [at, status] of statuses.entries()) await app.setContactStatus(id, at + 1, status);
      await app.database.query('update contacts set attempt_count = 1 where batch_job_id = $1 and position > 2', [id]);

      const uncalled = await exportOf(id, { filter: 'uncalled' });

      expect(rowsOf(uncalled.body).map((row) => [row.phone, row['call.status'], row['call.attemptCount']])).toEqual([
        ["'+12025550000", 'cancelled', '0'],
        ["'+12025550001", 'pending', '0'],
      ]);
      expect(uncalled.headers.get('content-disposition')).toBe(`attachment; filename="${id}-uncalled.csv"`);
    });

    it('200: a file without a row, when no contact passes the filter', async () => {
      const { body } = await exportOf(await ended(contacts(2)), { filter: 'failed' });
      expect(rowsOf(body)).toEqual([]);
      expect(body).toMatch(/^phone,call\.status,/);
    });

    it('200: can be uploaded again, and keeps what it was', async () => {
      const id = await ended([{ phone: '+12025550123', name: 'Ada' }]);
      const again = await app.upload((await exportOf(id)).body);
      expect(again.body).toMatchObject({ status: 'pending', totalContacts: 1, invalidContacts: 0 });
      await app.setStatus(again.body.batchJobId, 'completed');
      const [row] = rowsOf((await exportOf(again.body.batchJobId)).body);
      expect(row).toMatchObject({
        phone: "'+12025550123",
        name: 'Ada',
        'call.status': 'pending',
        'call2.status': 'pending',
      });
    });

    it.each(['pending', 'scheduled', 'running', 'paused'] as const)('400 invalid_status: a %s job', async (status) => {
      const id = await app.create({ scheduledStartTime: later() });
      await app.setStatus(id, status);
      expect(await exportOf(id)).toMatchObject({
        status: 400,
        body: {
          code: 'invalid_status',
          detail: `Cannot export job in '${status}' status. Only 'completed', 'failed' and 'cancelled' jobs can be exported.`,
          currentStatus: status,
          allowedStatuses: ['completed', 'failed', 'cancelled'],
        },
      });
    });

    it.each([
      [{ format: 'xlsx' }, 'format'],
      [{ filter: 'busy' }, 'filter'],
      [{ filter: null }, 'filter'],
      [{ filters: 'all' }, 'filters'],
      [['all'], '0'],
    ])('400 invalid_request: %j', async (body, parameter) => {
      const answer = await exportOf(await ended(contacts(1)), body);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(answer.body.errors[0].parameter).toBe(parameter);
    });

    it('404: an unknown job', async () => {
      expect(await exportOf(UNKNOWN_ID)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    });

    it('has each contact of a long list once', async () => {
      const count = 4_321;
      const rows = rowsOf((await exportOf(await longList(count))).body);
      expect(rows).toHaveLength(count);
      expect(new Set(rows.map(({ phone }) => phone)).size).toBe(count);
    });

    it('reads fewer contacts at a time when they are large, and each once', async () => {
      const id = await longList(700);
      await app.database.query(
        `update contacts set contact_data = json_build_object('note', repeat('n', 250000)),
              status = case when position % 2 = 0 then 'busy' else 'completed' end
        where batch_job_id = $1 and position between 10 and 90`,
        [id],
      );
      pieces.largestBytes = 0;
      const rows = rowsOf((await exportOf(id)).body);
      expect(rows).toHaveLength(700);
      expect(new Set(rows.map(({ phone }) => phone)).size).toBe(700);
      expect(rowsOf((await exportOf(id, { filter: 'failed' })).body)).toHaveLength(41);
      expect(pieces.largestBytes).toBeGreaterThan(4_000_000);
      expect(pieces.largestBytes).toBeLessThan(4_600_000);
    });

    it('breaks the connection when the job is deleted meanwhile: no short file looks whole', async () => {
      const id = await longList(3_000);
      pieces.before = async ({ after }) => {
        if (after > 0) await app.database.query('delete from batch_jobs where id = $1', [id]);
      };
      await expect(exportOf(id)).rejects.toThrow('terminated');
      pieces.before = async () => undefined;
    });

    it('reads no further than the client does, and stops when it is gone', async () => {
      const id = await longList(60_000);
      const from = pieces.read;
      const options = { method: 'POST', headers: { authorization: `Bearer ${app.key}` } };
      const sent = request(`${app.url}/batch/jobs/${id}/export`, options);
      const begun = new Promise<void>((resolve) => sent.once('response', () => resolve()));
      sent.on('error', () => undefined);
      sent.end();
      await begun;

      // Nothing is read from the response: what the sockets hold is full after a few megabytes of the sixty, in 120 pieces.
      const settled = (await piecesAtRest()) - from;
      expect(settled).toBeLessThan(60);

      const closed = new Promise<void>((resolve) => sent.once('close', () => resolve()));
      sent.destroy();
      await closed;
      // Who went on would read the other half now, as nobody holds him up.
      expect((await piecesAtRest()) - from).toBeLessThanOrEqual(settled + 1);
    });
  });

  function later(): string {
    return new Date(Date.now() + 7 * 24 * 60 * 60_000).toISOString().slice(0, 19);
  }

  describe('a client that leaves', () => {
    it('before its export begins is no failure of ours', async () => {
      const id = await app.create({ contacts: contacts(3) });
      await app.setStatus(id, 'completed');
      const lines = LogLines.listen();
      const holder = app.database.createQueryRunner();
      await holder.startTransaction();
      await holder.query('lock table contacts in access exclusive mode');

      const { hostname, port } = new URL(app.url);
      const headers = { authorization: `Bearer ${app.key}`, 'content-type': 'application/json', 'content-length': 16 };
      const sent = request({ hostname, port, method: 'POST', path: `/batch/jobs/${id}/export`, headers });
      sent.on('error', () => undefined);
      sent.end('{"filter":"all"}');
      await eventually(async () => {
        const waiting = await app.database.query(
          `select from pg_locks where not granted and relation = 'contacts'::regclass`,
        );
        expect(waiting).not.toEqual([]);
      });
      sent.destroy();
      await eventually(() => expect(lines.of('request answered')).toMatchObject([{ status: 'aborted' }]));
      await holder.rollbackTransaction();
      await holder.release();

      await eventually(() => expect(lines.of('export begun')).toHaveLength(1));
      await app.get('/batch/jobs'); // whatever the stream has to say is said before that is answered
      expect(lines.warnings()).toEqual([]);
    });
  });
});
