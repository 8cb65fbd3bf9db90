import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { RetryableStatus } from './contact.status.js';
import { READ_COURSE, READ_HABITS, type CallHabits, type Course } from './estimate.statements.js';

/** Reads what estimates rest on: samples, of the same size however long a list is. */
@Injectable()
export class EstimateRepository {
  constructor(private readonly database: Database) {}

  async readHabits(organizationId: string, retryableStatuses: readonly RetryableStatus[]): Promise<CallHabits> {
    const [habits] = await this.database.run(READ_HABITS, { organizationId, retryableStatuses });
    return habits;
  }

  /** @param batchJobId of a running batch. @returns null when there is no such batch */
  async readCourse(batchJobId: BatchJobId): Promise<Course | null> {
    const [row] = await this.database.run(READ_COURSE, { batchJobId });
    return row ?? null;
  }
}
