import { Injectable, Logger } from '@nestjs/common';
import type { BatchJob, BatchJobId } from '../batch-jobs/batch-job.entity.js';
import { isTerminal } from '../batch-jobs/batch-job.status.js';
import { BatchJobsRepository, type ContactPage } from '../batch-jobs/batch-jobs.repository.js';
import type { Contact } from '../batch-jobs/contact.entity.js';
import { FAILED_STATUSES, REACHED_STATUSES, type ContactStatus } from '../batch-jobs/contact.status.js';
import { JobNotFoundError, NotExportableError } from '../batch-jobs/errors.js';
import { ExportRepository } from '../batch-jobs/export.repository.js';
import type { Exported, ExportedContact, Places } from '../batch-jobs/export.statements.js';
import type { Caller } from '../shared/caller.js';

/** Which contacts an export has, by how they ended. */
export const EXPORT_FILTERS = ['all', 'successful', 'failed', 'uncalled'] as const;
export type ExportFilter = (typeof EXPORT_FILTERS)[number];

const EXPORTED: Readonly<Record<ExportFilter, Exported>> = {
  all: { statuses: null, isUncalled: false },
  successful: { statuses: REACHED_STATUSES, isUncalled: false },
  failed: { statuses: FAILED_STATUSES, isUncalled: false },
  uncalled: { statuses: null, isUncalled: true },
};

// Bounds what an export holds in memory, and for how long it keeps the process from anything else: some 20 ms.
const CONTACTS_PER_PIECE = 500;
// Of the rows as JSON: far more than 500 ordinary ones have. A single contact may have 256 KiB.
const BYTES_PER_PIECE = 4 * 1024 * 1024;

// As many contacts' keys are looked at by one statement.
const CONTACTS_PER_LOOK = 20_000;

/** Most custom columns of an export: a list in JSON may have other keys in each contact, a spreadsheet ends at 16,384. */
const MAX_EXPORT_COLUMNS = 1_000;

/** A page of a list, and how many there are in all. */
export interface ContactsPage {
  readonly job: BatchJob;
  readonly contacts: readonly Contact[];
  /** Contacts that pass the filter. */
  readonly total: number;
}

/** A whole list, to be read once. */
export interface ContactExport {
  /** Keys of the rows in the order in which they are first seen, `phone` excluded. At most 1,000. */
  readonly columns: readonly string[];
  /** There are keys beyond them. */
  readonly hasMoreColumns: boolean;
  /** In the order of the list, at most 500 contacts and some 4 MiB at a time. The next are read when they are asked for. */
  readonly pieces: AsyncIterable<readonly ExportedContact[]>;
}

/** Shows the contacts of a batch job. */
@Injectable()
export class ContactsService {
  private readonly logger = new Logger(ContactsService.name);

  constructor(
    private readonly batchJobs: BatchJobsRepository,
    private readonly exports: ExportRepository,
  ) {}

  /**
   * A page of contacts, in the order of the list.
   *
   * @param status only contacts in this status
   * @throws job_not_found  no such job in this organization
   */
  async list(
    caller: Caller,
    id: BatchJobId,
    status: ContactStatus | undefined,
    page: ContactPage,
  ): Promise<ContactsPage> {
    const job = await this.batchJobs.get(caller.organizationId, id);
    const [counts, contacts] = await Promise.all([
      this.batchJobs.countContacts([id]),
      this.batchJobs.listContacts(id, status, page),
    ]);
    return { job, contacts, total: status ? (counts.get(id)?.[status] ?? 0) : job.totalContacts };
  }

  /**
   * The list of a job that has ended, with its results. Nothing is locked, and no transaction is held between two pieces.
   * Reading on fails with `job_not_found` when the job is deleted meanwhile, and with `unavailable` as everything does.
   *
   * @throws job_not_found   no such job in this organization
   * @throws invalid_status  it has not ended
   */
  async export(caller: Caller, id: BatchJobId, filter: ExportFilter): Promise<ContactExport> {
    const job = await this.batchJobs.get(caller.organizationId, id);
    if (!isTerminal(job.status)) throw new NotExportableError(job.status);
    const keys = await this.listKeys(job);
    this.logger.log('export begun', { batchJobId: id, filter, actor: caller.actor });
    return {
      columns: keys.slice(0, MAX_EXPORT_COLUMNS),
      hasMoreColumns: keys.length > MAX_EXPORT_COLUMNS,
      pieces: this.readPieces(job, EXPORTED[filter]),
    };
  }

  /** One key more than there are columns tells that there are more. */
  private async listKeys({ id, totalContacts }: BatchJob): Promise<string[]> {
    const keys = new Set<string>();
    for (const places of placesOf(totalContacts, CONTACTS_PER_LOOK)) {
      // And one for `phone`.
      for (const key of await this.exports.listKeys(id, places, MAX_EXPORT_COLUMNS + 2)) {
        if (key !== 'phone') keys.add(key);
      }
      if (keys.size > MAX_EXPORT_COLUMNS) break;
    }
    return [...keys];
  }

  private async *readPieces(
    { id, totalContacts }: BatchJob,
    exported: Exported,
  ): AsyncGenerator<readonly ExportedContact[]> {
    let most = CONTACTS_PER_PIECE;
    for (let after = 0; after < totalContacts;) {
      const piece = await this.exports.readPiece(id, { after, last: after + most }, exported, BYTES_PER_PIECE);
      if (!piece) throw new JobNotFoundError();
      const { contacts, last } = piece;
      if (contacts.length > 0) yield contacts;
      // Every row that is asked for is looked at, also one that is too much for this piece.
      most = Math.min(CONTACTS_PER_PIECE, 2 * (last < after + most ? contacts.length : most));
      after = last;
    }
  }
}

/** A list in pieces of so many places. */
function* placesOf(totalContacts: number, size: number): Generator<Places> {
  for (let after = 0; after < totalContacts; after += size) yield { after, last: after + size };
}
