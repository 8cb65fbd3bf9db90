import type { Course } from '../../src/batch-jobs/estimate.statements.js';
import type { StatusCounts } from '../../src/batch-jobs/status-counts.js';
import { Clock } from '../../src/shared/clock.js';
import type { Random } from '../faults/random.js';

const MINUTE_MS = 60_000;

/** A batch and the people it calls. Times in minutes. */
export interface SimulatedBatch {
  readonly contacts: number;
  readonly slots: number;
  readonly maxAttempts: number;
  /** Chance of each call to be one after which the contact is called again. */
  readonly retryShare: number;
  readonly retryDelays: readonly number[];
  /** On the average: each call takes between a half and one and a half of it. */
  readonly callLength: number;
}

/** What the service could know at a moment of it. */
export interface Look {
  readonly clock: Clock;
  readonly counts: StatusCounts;
  readonly course: Course;
}

interface Waiting {
  readonly attempts: number;
  /** When the next call is due. */
  readonly until: number;
}

interface Dialing {
  readonly attempts: number;
  /** When the call ends. */
  readonly until: number;
  readonly length: number;
}

/** Places calls as the product does, due retries first, with time that passes at once. It starts in 1970. */
export class SimulatedCalls {
  private now = 0;
  private pending: number;
  private dialing: Dialing[] = [];
  private queued: Waiting[] = [];
  private ended = 0;
  private calls = 0;
  private retried = 0;
  private callMinutes = 0;

  constructor(
    private readonly batch: SimulatedBatch,
    private readonly random: Random,
  ) {
    this.pending = batch.contacts;
  }

  /**
   * @param look is shown the batch whenever a contact has ended
   * @returns when the last one has, in minutes
   */
  run(look: (ended: number, look: () => Look) => void = () => undefined): number {
    for (this.claim(); this.dialing.length + this.queued.length > 0; this.claim()) {
      const before = this.ended;
      this.step();
      if (this.ended > before && this.ended < this.batch.contacts) look(this.ended, () => this.look());
    }
    return this.now;
  }

  private claim(): void {
    while (this.dialing.length < this.batch.slots) {
      const retry = earliest(this.queued);
      const isDue = retry !== undefined && retry.until <= this.now;
      if (isDue) this.queued.splice(this.queued.indexOf(retry), 1);
      else if (this.pending > 0) this.pending -= 1;
      else return;
      const length = this.batch.callLength * (0.5 + this.random.next());
      this.dialing.push({ attempts: isDue ? retry.attempts + 1 : 1, until: this.now + length, length });
    }
  }

  /** A call ends, or, where a slot is free, a retry becomes due. */
  private step(): void {
    const [call, retry] = [earliest(this.dialing), earliest(this.queued)];
    if (retry && this.dialing.length < this.batch.slots && retry.until < (call?.until ?? Infinity)) {
      this.now = Math.max(this.now, retry.until);
      return;
    }
    if (!call) return;
    this.now = call.until;
    this.dialing.splice(this.dialing.indexOf(call), 1);
    this.calls += 1;
    this.callMinutes += call.length;
    const isRetryable = this.random.next() < this.batch.retryShare;
    this.retried += Number(isRetryable);
    if (!isRetryable || call.attempts >= this.batch.maxAttempts) this.ended += 1;
    else this.queued.push({ attempts: call.attempts, until: this.now + this.delayAfter(call.attempts) });
  }

  private delayAfter(attempts: number): number {
    const { retryDelays } = this.batch;
    return retryDelays[Math.min(attempts, retryDelays.length) - 1];
  }

  private look(): Look {
    const { contacts, maxAttempts } = this.batch;
    const lastDueFirst = this.queued.toSorted((a, b) => b.until - a.until).slice(0, 200);
    return {
      clock: clockAt(new Date(this.now * MINUTE_MS)),
      counts: {
        pending: this.pending,
        dialing: this.dialing.length,
        queued: this.queued.length,
        completed: this.ended,
      },
      course: {
        sampledContacts: contacts - this.pending,
        calls: this.calls,
        retried: this.retried,
        callMs: (this.callMinutes / this.calls) * MINUTE_MS,
        maxAttempts,
        pausedMs: 0,
        open: [
          ...this.dialing.map(({ attempts }) => ({ attempts, dueAtMs: null })),
          ...lastDueFirst.map(({ attempts, until }) => ({ attempts, dueAtMs: until * MINUTE_MS })),
        ],
      },
    };
  }
}

const clockAt = (now: Date): Clock => Object.assign(new Clock(), { now: () => now });

const earliest = <T extends Waiting>(people: readonly T[]): T | undefined =>
  people.reduce<T | undefined>((first, each) => (first && first.until <= each.until ? first : each), undefined);
