import { Injectable } from '@nestjs/common';
import { Database } from './database.js';
import { BEAT, LEAVE, LOOK_AT_WORKERS, type Workers } from './heartbeats.statements.js';

/** From one beat of a worker to the next. */
export const BEAT_INTERVAL_MS = 5_000;

/** The signs of life of workers, for every process to see. */
@Injectable()
export class Heartbeats {
  constructor(private readonly database: Database) {}

  /** Notes that a worker is alive, and forgets those that are not. */
  async beat(workerId: string, stoppedConsumers: readonly string[], stalledLoops: readonly string[]): Promise<void> {
    await this.database.run(BEAT, { workerId, stoppedConsumers, stalledLoops });
  }

  /** A worker ends as it should. */
  async leave(workerId: string): Promise<void> {
    await this.database.run(LEAVE, { workerId });
  }

  async look(): Promise<Workers> {
    const [workers] = await this.database.run(LOOK_AT_WORKERS, {});
    return workers;
  }
}
