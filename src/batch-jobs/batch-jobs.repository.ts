import { Injectable } from '@nestjs/common';
import { In, MoreThan, type EntityManager } from 'typeorm';
import { decodeTime } from 'ulid';
import type { Caller } from '../shared/caller.js';
import { Database } from '../shared/database.js';
import { Idempotency } from '../shared/idempotency.js';
import { ascendingUlids, newUlid } from '../shared/new-ulid.js';
import { run } from '../shared/statement.js';
import { BatchJobHold } from './batch-job-hold.entity.js';
import { BatchJob, type BatchJobId } from './batch-job.entity.js';
import { ContactCount } from './contact-count.entity.js';
import type { ContactList } from './contact-list.js';
import { Contact } from './contact.entity.js';
import type { ContactStatus, RetryableStatus } from './contact.status.js';
import { FIND_PLACE } from './contact.statements.js';
import { INSERT_BATCH_JOB, INSERT_CONTACTS } from './create.statements.js';
import { JobNotFoundError } from './errors.js';
import type { Page } from './list.repository.js';
import type { ResolvedSchedule } from './schedule.js';
import type { StatusCounts } from './status-counts.js';

const BATCH_JOB_ID = /^batch_[0-9A-HJKMNP-TV-Z]{26}$/;

/** False for what cannot be one of our ids, and must not reach PostgreSQL (which refuses U+0000, for one). */
export const isBatchJobId = (text: string): text is BatchJobId => BATCH_JOB_ID.test(text);

export interface NewBatchJob {
  readonly name: string;
  readonly description: string | null;
  readonly fromPhoneNumberId: string;
  /** E.164; null when only its id is known. */
  readonly fromPhoneNumber: string | null;
  readonly agentId: string;
  readonly concurrentCallLimit: number;
  readonly maxAttempts: number;
  readonly retryableStatuses: readonly RetryableStatus[];
  /** Null: as `MAX_LATE_START_MINUTES` says. */
  readonly maxLateStartMinutes: number | null;
  readonly list: ContactList;
  /** Null: it waits until it is started or scheduled. */
  readonly schedule: ResolvedSchedule | null;
}

/** The largest integer of PostgreSQL. */
const LAST_POSITION = 2 ** 31 - 1;

export interface ContactPage extends Page {
  /** Only contacts behind this place of the list. Undefined: from the first. */
  readonly after?: number;
}

/** Batch jobs and their contacts: creation and reading. Every read is of one organization. */
@Injectable()
export class BatchJobsRepository {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
  ) {}

  /**
   * Writes the job, its contacts and its history, or nothing.
   *
   * @param answerOf what the service returns if it gets no further than the commit: see `Idempotency.once`
   * @returns null when the start is not after now, by PostgreSQL's clock
   */
  create(
    caller: Caller,
    job: NewBatchJob,
    answerOf: (id: BatchJobId) => unknown = () => null,
  ): Promise<BatchJobId | null> {
    const ofBatch = newUlid();
    const id: BatchJobId = `batch_${ofBatch}`;
    const insert = async (manager: EntityManager): Promise<BatchJobId | null> => {
      const inserted = await run(manager, INSERT_BATCH_JOB, insertParameters(id, caller, job));
      if (inserted.length === 0) return null;
      await insertContacts(manager, id, job.list, decodeTime(ofBatch));
      return id;
    };
    return this.idempotency.once(
      caller,
      (manager) => manager.transaction(insert),
      (created) => created && answerOf(created),
    );
  }

  /** @throws job_not_found  no such job in the organization */
  async get(organizationId: string, id: BatchJobId): Promise<BatchJob> {
    const job = isBatchJobId(id)
      ? await this.database.read((manager) => manager.findOneBy(BatchJob, { organizationId, id }))
      : null;
    if (!job) throw new JobNotFoundError();
    return job;
  }

  async countContacts(ids: readonly BatchJobId[]): Promise<Map<BatchJobId, StatusCounts>> {
    const counts = new Map<BatchJobId, Partial<Record<ContactStatus, number>>>(ids.map((id) => [id, {}]));
    const rows = await this.database.read((manager) => manager.findBy(ContactCount, { batchJobId: In(ids) }));
    for (const { batchJobId, status, contacts } of rows)
      Object.assign(counts.get(batchJobId) ?? {}, { [status]: contacts });
    return counts;
  }

  /** Why a job goes slowly. @returns null while all is well */
  findHold(batchJobId: BatchJobId): Promise<BatchJobHold | null> {
    return this.database.read((manager) => manager.findOneBy(BatchJobHold, { batchJobId }));
  }

  /** A page of contacts in the order of the list. */
  async listContacts(batchJobId: BatchJobId, status: ContactStatus | undefined, page: ContactPage): Promise<Contact[]> {
    const after = page.after ?? (await this.findPlace(batchJobId, status, page.offset));
    return this.database.read((manager) =>
      manager.find(Contact, {
        where: { batchJobId, ...(status && { status }), position: MoreThan(after) },
        order: { position: 'ASC' },
        take: page.limit,
      }),
    );
  }

  /** Behind which position a page begins. Positions have no gaps: a contact goes with its whole list only. */
  private async findPlace(batchJobId: BatchJobId, status: ContactStatus | undefined, offset: number): Promise<number> {
    if (!status || offset === 0) return offset;
    const [place] = await this.database.run(FIND_PLACE, { batchJobId, status, passed: offset - 1 });
    return place?.position ?? LAST_POSITION;
  }
}

const insertParameters = (batchJobId: BatchJobId, { organizationId, actor, requestId }: Caller, job: NewBatchJob) => {
  const { list, schedule, ...row } = job;
  return {
    ...row,
    batchJobId,
    organizationId,
    totalContacts: list.validContacts,
    startsAt: schedule?.startsAt ?? null,
    localTime: schedule?.localTime ?? null,
    timezone: schedule?.timezone ?? null,
    disambiguation: schedule?.disambiguation ?? null,
    tzdbVersion: schedule?.tzdbVersion ?? null,
    actor,
    requestId,
  };
};

/**
 * A statement for each block of the list: of a million contacts none comes near the limit of time for one.
 *
 * @param createdAtMs in every id of the list, so that the next one is a step and no new random number, and lies beside
 *   the last in the index
 */
async function insertContacts(
  manager: EntityManager,
  batchJobId: BatchJobId,
  list: ContactList,
  createdAtMs: number,
): Promise<void> {
  const nextUlid = ascendingUlids();
  let inserted = 0;
  for await (const { contacts, lines } of list.blocks()) {
    const contactIds = Array.from({ length: contacts }, () => `contact_${nextUlid(createdAtMs)}`);
    await run(manager, INSERT_CONTACTS, { batchJobId, inserted, contactIds, lines });
    inserted += contacts;
  }
}
