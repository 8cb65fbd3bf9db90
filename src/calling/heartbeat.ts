import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { BacklogRepository } from '../batch-jobs/backlog.repository.js';
import { BEAT_INTERVAL_MS, Heartbeats } from '../shared/heartbeats.js';
import { Metrics } from '../shared/metrics.js';
import { Recurring } from '../shared/recurring.js';
import { WORKING_PARTS, type WorkingPart } from '../shared/working-part.js';

/** Tells everybody that this worker is alive, and what of it does not work. */
@Injectable()
export class Heartbeat implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Heartbeat.name);
  private readonly workerId = randomUUID();
  private readonly beating = new Recurring('heartbeat', () => this.beatOrReport(), BEAT_INTERVAL_MS);
  private readonly stalled = new Set<string>();

  constructor(
    private readonly heartbeats: Heartbeats,
    private readonly backlog: BacklogRepository,
    private readonly metrics: Metrics,
    @Inject(WORKING_PARTS) private readonly parts: readonly WorkingPart[],
  ) {}

  onApplicationBootstrap(): void {
    this.metrics.watchWorker([...this.parts, this.beating]);
    this.beating.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.beating.stop();
    // A minute later the others would do it.
    await this.heartbeats.leave(this.workerId).catch(() => undefined);
  }

  /** A round that is not completed is seen by everybody: the worker counts as dead. */
  private async beatOrReport(): Promise<void> {
    this.reportLoops();
    try {
      await this.heartbeats.beat(this.workerId, this.stopped('consumer'), this.stopped('loop'));
      this.metrics.noteHeartbeat();
      this.metrics.noteOldestUnplacedCall((await this.backlog.look()).oldestUnplacedCallSeconds);
    } catch (error) {
      this.logger.warn('heartbeat not written', { reason: (error as Error).name });
    }
  }

  private stopped(kind: WorkingPart['kind']): string[] {
    return this.parts.filter((part) => part.kind === kind && part.isStopped).map(({ name }) => name);
  }

  /** One line when it stalls and one when it goes on. Consumers speak for themselves. */
  private reportLoops(): void {
    for (const { kind, name, isStopped, silentForMs } of this.parts) {
      if (kind !== 'loop' || isStopped === this.stalled.has(name)) continue;
      if (isStopped) {
        this.stalled.add(name);
        this.logger.error('loop stalled', { loop: name, silentForMs: Math.round(silentForMs) });
      } else {
        this.stalled.delete(name);
        this.logger.log('loop is back', { loop: name });
      }
    }
  }
}
