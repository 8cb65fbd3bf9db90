import assert from 'node:assert/strict';
import { eventually } from './eventually.js';
import { inMs, type Fleet, type FleetAnswer, type Member } from './fleet.js';
import type { JobRows } from './job-rows.js';

/** What clients were told of batches, and whether it was kept. */
export class AcknowledgedStarts {
  /** By batch: the times that may be in force. More than one where the last move was not answered for certain. */
  private readonly times = new Map<string, Date[]>();
  readonly statuses = new Set<number>();

  constructor(
    private readonly fleet: Fleet,
    private readonly rows: JobRows,
  ) {}

  get ids(): readonly string[] {
    return [...this.times.keys()];
  }

  /** @returns its id; null where it was refused, or not answered */
  async create(startsAt: Date, api?: Member): Promise<string | null> {
    const answer = await this.ask(() => this.fleet.create(startsAt, api));
    if (answer?.status !== 200) return null;
    const id = String(answer.body.batchJobId);
    this.times.set(id, [startsAt]);
    return id;
  }

  /** @returns the status; null without an answer, when nobody knows what is in force */
  async move(id: string, startsAt: Date, api?: Member): Promise<number | null> {
    const answer = await this.ask(() => this.fleet.move(id, startsAt, api));
    const isCertain = answer?.status === 200;
    this.times.set(id, isCertain ? [startsAt] : [...(this.times.get(id) ?? []), startsAt]);
    return answer?.status ?? null;
  }

  /** Waits for every start. Each is made once, at a time that was acknowledged, not before it and not later than that. */
  async areKept(lateMs: number): Promise<number[]> {
    const lateness: number[] = [];
    for (const [id, times] of this.times) {
      const [start, ...more] = await eventually(async () => {
        const starts = await this.rows.starts(id);
        if (starts.length === 0) throw new Error(`${id} is ${JSON.stringify(await this.rows.row(id))}`);
        return starts;
      });
      assert.deepEqual(more, [], `${id} was started twice`);
      const planned = start.plannedAt?.getTime() ?? Number.NaN;
      assert(
        times.some((time) => time.getTime() === planned),
        `${id} was started for ${start.plannedAt?.toISOString()}`,
      );
      assert(start.startedAt.getTime() >= planned, `${id} was started too early`);
      lateness.push(start.lateMs ?? 0);
    }
    const latest = Math.max(...lateness);
    assert(latest < lateMs, `started ${latest} ms late, allowed are ${lateMs}`);
    return lateness;
  }

  /** A batch that is due in three seconds is started by its timer, within the second that is promised with a whole Redis. */
  async comePunctually(): Promise<void> {
    await eventually(async () => {
      const id = await this.create(inMs(3_000));
      if (id === null) throw new Error('not created');
      const [start] = await eventually(async () => {
        const starts = await this.rows.starts(id);
        if (starts.length === 0) throw new Error('not started');
        return starts;
      }, 20_000);
      if (start.trigger !== 'timer' || (start.lateMs ?? 0) > 1_000) throw new Error(JSON.stringify(start));
    });
  }

  private async ask(request: () => Promise<FleetAnswer>): Promise<FleetAnswer | null> {
    const answer = await request().catch(() => null);
    if (answer) this.statuses.add(answer.status);
    return answer;
  }
}
