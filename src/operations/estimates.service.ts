import { Inject, Injectable } from '@nestjs/common';
import type { BatchJob, BatchJobId } from '../batch-jobs/batch-job.entity.js';
import { EstimateRepository } from '../batch-jobs/estimate.repository.js';
import type { Course } from '../batch-jobs/estimate.statements.js';
import type { StatusCounts } from '../batch-jobs/status-counts.js';
import { Clock } from '../shared/clock.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { estimate, estimateCompletion, isUnderWay, type Estimate, type RunningJob } from './estimate.js';

type NewJob = Pick<BatchJob, 'concurrentCallLimit' | 'maxAttempts' | 'retryableStatuses'>;

/** Says how long batches are likely to take. */
@Injectable()
export class EstimatesService {
  constructor(
    private readonly repository: EstimateRepository,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Of a batch that is about to be created. */
  async ofNew(organizationId: string, contacts: number, job: NewJob): Promise<Estimate> {
    const habits = await this.repository.readHabits(organizationId, job.retryableStatuses);
    return estimate(contacts, job, habits, this.settings);
  }

  /** How the calls of a batch have gone so far. Null: there is nothing to estimate from, and nothing is read. */
  async readCourse(id: BatchJobId, job: RunningJob, counts: StatusCounts): Promise<Course | null> {
    return isUnderWay(job, counts) ? this.repository.readCourse(id) : null;
  }

  /** See `estimateCompletion`. */
  completionAt(job: RunningJob, counts: StatusCounts, course: Course | null): Date | null {
    return estimateCompletion(job, counts, course, this.clock, this.settings);
  }
}
