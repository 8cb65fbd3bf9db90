import { risesAfter } from '../support/rises-after.js';
import type { Answer, BatchRecord, RequestRecord, Verb } from './evidence.js';

interface OpenRequest extends RequestRecord {
  answer: Answer | null;
}

/** One batch as a client knows it. */
export class Batch implements BatchRecord {
  id: string | null = null;
  readonly requests: OpenRequest[] = [];

  constructor(readonly name: string) {}
}

/** Texts planted in the requests, which no log may repeat. */
export const CANARIES = ['2025550', 'Quillfeather', 'canary-of-a-custom-field'] as const;

// Above anything the service may wait for; what takes longer is told by the answer's time.
const PATIENCE_MS = 40_000;

/** Asks over HTTP, and remembers what was asked and answered. */
export class RecordingClient {
  batches: Batch[] = [];
  private made = 0;

  constructor(
    private readonly url: () => string,
    private readonly key: string,
  ) {}

  /** @param startsAt null: it waits for a start or a schedule */
  async create(label: string, startsAt: number | null): Promise<Batch> {
    this.made += 1;
    const batch = new Batch(`${label} ${this.made}`);
    this.batches.push(batch);
    const phone = `+1${CANARIES[0]}${String(this.made % 1_000).padStart(3, '0')}`;
    const body = {
      name: batch.name,
      fromPhoneNumberId: 'phone_a',
      contacts: [{ phone, name: CANARIES[1], note: CANARIES[2] }],
      ...(startsAt !== null && { scheduledStartTime: new Date(startsAt).toISOString() }),
    };
    const headers = { 'content-type': 'application/json' };
    const answer = await this.send(batch, 'create', 'POST', '/batch/create', { body: JSON.stringify(body), headers });
    if (answer?.status === 200) batch.id = String(answer.body.batchJobId);
    return batch;
  }

  async reschedule(batch: Batch, startsAt: number): Promise<void> {
    const query = new URLSearchParams({ scheduledStartTime: new Date(startsAt).toISOString() });
    await this.change(batch, 'reschedule', 'PATCH', `reschedule?${query.toString()}`);
  }

  async cancel(batch: Batch): Promise<void> {
    await this.change(batch, 'cancel', 'POST', 'cancel');
  }

  async startNow(batch: Batch): Promise<void> {
    await this.change(batch, 'start', 'POST', 'start');
  }

  /** Forgets what was asked so far. @returns it */
  take(): Batch[] {
    const { batches } = this;
    this.batches = [];
    return batches;
  }

  private async change(batch: Batch, verb: Verb, method: string, path: string): Promise<void> {
    // Its creation was not acknowledged, so nobody could know its id.
    if (batch.id === null) return;
    await this.send(batch, verb, method, `/batch/jobs/${batch.id}/${path}`);
  }

  private async send(batch: Batch, verb: Verb, method: string, path: string, init: RequestInit = {}) {
    const request: OpenRequest = { verb, sentAt: Date.now(), answer: null };
    batch.requests.push(request);
    const headers = { authorization: `Bearer ${this.key}`, ...(init.headers as Record<string, string>) };
    try {
      const signal = risesAfter(PATIENCE_MS);
      const response = await fetch(`${this.url()}${path}`, { ...init, method, headers, signal });
      const text = await response.text();
      const body = read(text);
      request.answer = {
        at: Date.now(),
        status: response.status,
        code: typeof body.code === 'string' ? body.code : text.slice(0, 100),
        revision: typeof body.scheduleRevision === 'number' ? body.scheduleRevision : null,
        startsAt: typeof body.scheduledStartTime === 'string' ? Date.parse(body.scheduledStartTime) : null,
      };
      return { status: response.status, body };
    } catch {
      return null;
    }
  }
}

const read = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
};
