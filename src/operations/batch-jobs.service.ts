import { Injectable, Logger } from '@nestjs/common';
import type { BatchJobHold } from '../batch-jobs/batch-job-hold.entity.js';
import type { BatchJob, BatchJobId } from '../batch-jobs/batch-job.entity.js';
import { BatchJobsRepository } from '../batch-jobs/batch-jobs.repository.js';
import {
  ListRepository,
  type ListFilter,
  type ListPage,
  type ListedJobs,
  type Page,
} from '../batch-jobs/list.repository.js';
import type { ContactList, ContactListReport } from '../batch-jobs/contact-list.js';
import type { Contact } from '../batch-jobs/contact.entity.js';
import type { ContactStatus, RetryableStatus } from '../batch-jobs/contact.status.js';
import type { ChangeTerms } from '../batch-jobs/change-terms.js';
import { entityTagOf, type EntityTag } from '../batch-jobs/entity-tag.js';
import {
  AlreadyTerminalError,
  InsufficientCreditsError,
  NoOutboundAgentError,
  NotStartableError,
  PhoneNumberNotFoundError,
} from '../batch-jobs/errors.js';
import { ScheduleRepository } from '../batch-jobs/schedule.repository.js';
import type { ResolvedSchedule, Schedule } from '../batch-jobs/schedule.js';
import type { StatusCounts } from '../batch-jobs/status-counts.js';
import type { Caller } from '../shared/caller.js';
import { Clock } from '../shared/clock.js';
import { CreditCheck, OutboundNumbers } from '../shared/platform.js';
import { Metrics } from '../shared/metrics.js';
import type { Estimate } from './estimate.js';
import { EstimatesService } from './estimates.service.js';
import { ChangeRunner, toChangedJob, type ChangedJob } from './change.js';
import { PastScheduledTimeError } from '../scheduling/schedule.errors.js';
import { ScheduleResolver } from '../scheduling/schedule.resolver.js';
import { Dispatcher } from '../calling/dispatcher.js';
import { SchedulerGateway, wakeUpId, type QueueJob } from '../queue/scheduler.gateway.js';
import { timerStateOf, type TimerState } from './timer.state.js';

export interface CreateBatchJob {
  readonly name: string;
  readonly description: string | null;
  readonly fromPhoneNumberId: string;
  readonly concurrentCallLimit: number;
  readonly maxAttempts: number;
  /** Outcomes after which a contact is called again. Empty: nobody is. */
  readonly retryableStatuses: readonly RetryableStatus[];
  /** A start later than this is marked missed; 0: any lateness is fine. Null: as `MAX_LATE_START_MINUTES` says. */
  readonly maxLateStartMinutes: number | null;
  /** Closed when the call is over, also when it failed. */
  readonly list: ContactList;
  /** Null: the job waits as `pending` until it is started or scheduled. */
  readonly schedule: Schedule | null;
  /** Judged without a schedule, too: a mistyped zone is told when it is made. */
  readonly timezone?: string;
}

export interface Created {
  readonly batchJobId: BatchJobId;
  readonly list: ContactListReport;
  readonly estimate: Estimate;
  /** Null for a pending job. */
  readonly schedule: ResolvedSchedule | null;
  /** See `Rearmed`; true for a pending job, which needs no wake-up. */
  readonly isArmed: boolean;
  readonly entityTag: EntityTag;
}

/** A job with the counts of its contacts. */
export interface CountedJob {
  readonly job: BatchJob;
  readonly counts: StatusCounts;
  /** See `ScheduleResolver.localStartTimeOf`. */
  readonly localStartTime: string | null;
}

export interface JobDetail extends CountedJob {
  readonly contacts: readonly Contact[];
  /** Null while all is well. */
  readonly hold: BatchJobHold | null;
  /** Null while it does not run or nothing is processed. */
  readonly estimatedCompletionAt: Date | null;
}

/** A job's row beside what the queue knows of it. Null: it needs no wake-up, or Redis has none. */
export interface QueueView {
  readonly job: BatchJob;
  readonly scheduledJobId: string | null;
  readonly queueJob: QueueJob | null | 'unknown';
  /** Null: it needs no wake-up. */
  readonly timer: TimerState | null;
}

/** Creates, shows, starts and cancels batch jobs. */
@Injectable()
export class BatchJobsService {
  private readonly logger = new Logger(BatchJobsService.name);

  constructor(
    private readonly changes: ChangeRunner,
    private readonly batchJobs: BatchJobsRepository,
    private readonly lists: ListRepository,
    private readonly schedules: ScheduleRepository,
    private readonly resolver: ScheduleResolver,
    private readonly scheduler: SchedulerGateway,
    private readonly dispatcher: Dispatcher,
    private readonly outboundNumbers: OutboundNumbers,
    private readonly creditCheck: CreditCheck,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly estimates: EstimatesService,
  ) {}

  /**
   * Creates a job with its contacts, or nothing. Repeating the call creates another job.
   *
   * @throws invalid_timezone, invalid_datetime, past_scheduled_time  as a reschedule does
   * @throws phone_number_not_found  the organization has no such number
   * @throws no_outbound_agent       nobody could speak on the calls
   * @throws insufficient_credits    the platform's credit check says no
   * @throws unavailable             PostgreSQL cannot be reached; nothing was created
   */
  async create(caller: Caller, input: CreateBatchJob): Promise<Created> {
    try {
      return await this.createOf(caller, input);
    } finally {
      await input.list.close();
    }
  }

  /** A page of jobs, newest first, and how many there are on all pages. */
  async list(
    caller: Caller,
    filter: ListFilter,
    page: ListPage,
  ): Promise<Omit<ListedJobs, 'jobs'> & { readonly jobs: readonly CountedJob[] }> {
    const listed = await this.lists.list(caller.organizationId, filter, page);
    const counts = await this.batchJobs.countContacts(listed.jobs.map((job) => job.id));
    return { ...listed, jobs: listed.jobs.map((job) => this.countedOf(job, counts)) };
  }

  /**
   * A job with a page of its contacts, in the order of the list.
   *
   * @param status only contacts in this status
   * @throws job_not_found  no such job in this organization
   */
  async getDetail(caller: Caller, id: BatchJobId, status: ContactStatus | undefined, page: Page): Promise<JobDetail> {
    const job = await this.batchJobs.get(caller.organizationId, id);
    const [counts, contacts, hold] = await Promise.all([
      this.batchJobs.countContacts([id]),
      this.batchJobs.listContacts(id, status, page),
      this.batchJobs.findHold(id),
    ]);
    const counted = this.countedOf(job, counts);
    const course = await this.estimates.readCourse(id, job, counted.counts);
    return {
      ...counted,
      contacts,
      hold,
      estimatedCompletionAt: this.estimates.completionAt(job, counted.counts, course),
    };
  }

  /**
   * Starts a job that has not begun, now. Of two concurrent calls one starts it and the other is refused.
   *
   * @throws job_not_found    no such job in this organization
   * @throws already_running  it runs
   * @throws invalid_status   it is paused or terminal
   * @throws version_mismatch it is not one of those that the terms ask for
   */
  start(caller: Caller, id: BatchJobId, terms?: ChangeTerms): Promise<ChangedJob> {
    return this.changes.run(caller, id, terms, {
      told: 'batch started',
      make: (order) => this.schedules.startNow(order),
      refusals: { status: (status) => new NotStartableError(status) },
      answer: toChangedJob(id),
      after: () => {
        this.metrics.countStart('request', null);
        this.dispatcher.request(caller.organizationId);
      },
    });
  }

  /**
   * Cancels a job that has not ended: contacts that wait for a call are cancelled, calls in progress end normally.
   *
   * @throws job_not_found     no such job in this organization
   * @throws already_terminal  it has ended
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  cancel(caller: Caller, id: BatchJobId, terms?: ChangeTerms): Promise<ChangedJob> {
    return this.changes.run(caller, id, terms, {
      told: 'batch cancelled',
      make: (order) => this.schedules.cancel(order),
      refusals: { status: (status) => new AlreadyTerminalError(status) },
      answer: toChangedJob(id),
    });
  }

  /** @throws job_not_found  no such job in this organization */
  async getQueueView(caller: Caller, id: BatchJobId): Promise<QueueView> {
    const job = await this.batchJobs.get(caller.organizationId, id);
    if (job.status !== 'scheduled' || !job.startsAt) return { job, scheduledJobId: null, queueJob: null, timer: null };
    const scheduledJobId = wakeUpId({ batchJobId: id, revision: job.scheduleRevision });
    const queueJob = await this.scheduler.lookUp(scheduledJobId);
    return { job, scheduledJobId, queueJob, timer: timerStateOf(job.startsAt, queueJob, this.clock.now()) };
  }

  private countedOf(job: BatchJob, counts: ReadonlyMap<BatchJobId, StatusCounts>): CountedJob {
    return { job, counts: counts.get(job.id) ?? {}, localStartTime: this.resolver.localStartTimeOf(job) };
  }

  private async createOf(caller: Caller, input: CreateBatchJob): Promise<Created> {
    const { list } = input;
    this.resolver.checkTimezone(input.timezone);
    const schedule = input.schedule && this.resolver.resolve(input.schedule);
    const { agentId, fromPhoneNumber } = await this.findNumber(caller, input.fromPhoneNumberId);
    const estimated = await this.estimates.ofNew(caller.organizationId, list.validContacts, input);
    await this.checkCredits(caller, estimated);

    const created = (batchJobId: BatchJobId, isArmed: boolean): Created => ({
      batchJobId,
      list,
      estimate: estimated,
      schedule,
      isArmed,
      entityTag: entityTagOf({ scheduleRevision: schedule ? 1 : 0, version: 1 }),
    });
    const job = { ...input, agentId, fromPhoneNumber, schedule };
    const batchJobId = await this.batchJobs.create(caller, job, (id) => created(id, schedule === null));
    if (batchJobId === null) throw new PastScheduledTimeError(schedule as ResolvedSchedule);

    const start = schedule && { batchJobId, revision: 1, startsAt: schedule.startsAt };
    const isArmed = start === null || (await this.scheduler.wakeAt(start));
    this.logger.log('batch created', { batchJobId, contacts: list.validContacts, actor: caller.actor, isArmed });
    return created(batchJobId, isArmed);
  }

  private async findNumber({ organizationId }: Caller, phoneNumberId: string) {
    const number = await this.outboundNumbers.find(organizationId, phoneNumberId);
    if (!number) throw new PhoneNumberNotFoundError(phoneNumberId);
    if (number.outboundAgentId === null) throw new NoOutboundAgentError(phoneNumberId, number.isTextOnly);
    return { agentId: number.outboundAgentId, fromPhoneNumber: number.phoneNumber };
  }

  private async checkCredits({ organizationId }: Caller, { dollars }: Estimate): Promise<void> {
    const { isEnough, availableDollars } = await this.creditCheck.check(organizationId, dollars);
    if (!isEnough) throw new InsufficientCreditsError(dollars, availableDollars);
  }
}
