import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import { LOOK_AT_BACKLOG, MEASURE_CALL_DEMAND, type Backlog, type CallDemand } from './backlog.statements.js';

/** Measures what waits, in all organizations. */
@Injectable()
export class BacklogRepository {
  constructor(private readonly database: Database) {}

  async look(): Promise<Backlog> {
    const [backlog] = await this.database.run(LOOK_AT_BACKLOG, {});
    return backlog;
  }

  async measureCallDemand(): Promise<CallDemand> {
    const [demand] = await this.database.run(MEASURE_CALL_DEMAND, {});
    return demand;
  }
}
