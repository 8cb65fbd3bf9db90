import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../shared/database.js';
import { BatchJob, type BatchJobId } from './batch-job.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { COUNT_JOBS } from './count.statements.js';
import {
  FIND_BY_NAME,
  FIND_BY_START,
  LIST_JOBS,
  LOOK_BY_NAME,
  LOOK_BY_START,
  type FoundRow,
  type OfEither,
} from './list.statements.js';

/** A place in the list, newest first. */
export interface ListPosition {
  readonly createdAt: Date;
  readonly id: BatchJobId;
}

export interface ListFilter {
  readonly status?: BatchJobStatus;
  /** A part of the name, in any case. */
  readonly name?: string;
  /** Inclusive. */
  readonly startsAfter?: Date;
  /** Exclusive. */
  readonly startsBefore?: Date;
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

export interface ListPage extends Page {
  /** Null: from the newest. */
  readonly after: ListPosition | null;
}

/** How many jobs pass a filter. */
interface ListTotal {
  readonly total: number;
  /** False: at least `total` pass the filter, thousands, and were not counted to the end. */
  readonly isTotalExact: boolean;
}

/** A page of a list. */
export interface ListedJobs extends ListTotal {
  readonly jobs: readonly BatchJob[];
}

/** The newest of a list, which are looked at first: some 3 ms, and all there is of most organizations. */
const NEWEST = 5_000;

/** Are sorted, and so counted, at most: some 5 ms. */
const MOST_FOUND = 5_000;

/** So many with a name among the newest, or among some that start in time: it is a common one, whose index would name a fifth of all jobs. */
const COMMON = 1_000;

/** The next look goes so many times further: all looks together read a tenth more than the last. */
const FURTHER = 10;

/** The index of names has letters by the three: what has fewer in a row is in nearly all of it. */
const IS_LOOKED_UP = /[\p{L}\p{N}]{3}/u;

/** Of a list and its filters, as the statements take it. */
interface Asked {
  readonly organizationId: string;
  readonly status: BatchJobStatus | null;
  /** A pattern of `ilike`. */
  readonly namePattern: string | null;
  readonly startsAfter: Date | null;
  readonly startsBefore: Date | null;
  /** Only those created before, or at that instant with a smaller id. Null: all. */
  readonly createdBefore: Date | null;
  readonly idBefore: BatchJobId | null;
  readonly offset: number;
  readonly limit: number;
}

interface Found extends ListTotal {
  readonly ids: readonly BatchJobId[];
}

/** Lists of batch jobs, newest first and by id among equals, each of one organization. Why so: decision 46. */
@Injectable()
export class ListRepository {
  constructor(private readonly database: Database) {}

  /** A page, and how many pass the filter on all pages. */
  async list(organizationId: string, filter: ListFilter, page: ListPage): Promise<ListedJobs> {
    const { status = null, name, startsAfter = null, startsBefore = null } = filter;
    const isPlain = name === undefined && !startsAfter && !startsBefore;
    const isDeep = isPlain && page.offset > 0;
    const place = { organizationId, status, offset: isDeep ? page.offset : 0 };
    const [{ total, newer, createdBefore }] = await this.database.run(COUNT_JOBS, place);
    const namePattern = name === undefined ? null : `%${toLiteral(name)}%`;
    const { offset, limit } = page;
    const asked = { organizationId, status, namePattern, startsAfter, startsBefore, offset, limit };
    if (!isPlain) {
      const [all, behind] = [null, page.after].map((after) => ({ ...asked, ...positionOf(after) }));
      const { ids, ...counted } = await this.search(page.after ? { all, behind } : { all, behind: all }, total);
      return { jobs: await this.read(ids), ...counted };
    }
    // A deep page begins on the day of its first job: the days before it are passed by without being read.
    const first = isDeep ? { createdBefore, idBefore: null, offset: offset - newer } : positionOf(page.after);
    const rows = await this.runEither(LIST_JOBS, { ...asked, ...first });
    return { jobs: await this.read(rows.map(({ id }) => id)), total, isTotalExact: true };
  }

  /**
   * Those that pass a filter of names or starts: looked up where they are few, and else met among the newest.
   *
   * @param all what is counted @param behind what the page is of; the same without a cursor
   * @param listed how many the list has without the filter
   */
  private async search(
    { all, behind }: { readonly all: Asked; readonly behind: Asked },
    listed: number,
  ): Promise<Found> {
    const exactly = ({ jobs, ids }: FoundRow): Found => ({ total: jobs, isTotalExact: true, ids });
    const { namePattern } = all;
    if (listed <= NEWEST) return exactly(await this.lookAtBoth(all, behind, NEWEST));
    let atLeast = 0;
    if (all.startsAfter ?? all.startsBefore) {
      const [found] = await this.database.run(FIND_BY_START, { ...behind, most: MOST_FOUND + 1 });
      if (found.inTime <= MOST_FOUND) return exactly(found);
      atLeast = Math.min(found.jobs, MOST_FOUND);
    }
    let met = namePattern === null ? await this.look(behind, NEWEST) : await this.lookAtBoth(all, behind, NEWEST);
    if (namePattern !== null && Math.max(atLeast, met.jobs) <= COMMON) {
      if (!IS_LOOKED_UP.test(namePattern)) return exactly(await this.lookAtBoth(all, behind, listed));
      const [found] = await this.database.run(FIND_BY_NAME, { ...behind, namePattern, most: MOST_FOUND + 1 });
      if (found.jobs <= MOST_FOUND) return exactly(found);
      atLeast = MOST_FOUND;
    }
    atLeast = Math.max(atLeast, met.jobs);
    for (let look = NEWEST; met.ids.length < behind.limit && look < listed;) {
      look *= FURTHER;
      met = await this.look(behind, look);
    }
    return { total: atLeast, isTotalExact: false, ids: met.ids };
  }

  private async look({ namePattern, ...asked }: Asked, look: number): Promise<FoundRow> {
    const [found] =
      namePattern === null
        ? await this.runEither(LOOK_BY_START, { ...asked, look })
        : await this.runEither(LOOK_BY_NAME, { ...asked, namePattern, look });
    return found;
  }

  /** How many there are of `all`, and the page that is `behind`. */
  private async lookAtBoth(all: Asked, behind: Asked, look: number): Promise<FoundRow> {
    const found = await this.look(all, look);
    return all === behind ? found : { ...(await this.look(behind, look)), jobs: found.jobs };
  }

  private runEither<Values extends object, Row extends object>(
    { ofAll, ofStatus }: OfEither<Values, Row>,
    { status, ...values }: Values & Pick<Asked, 'status'>,
  ): Promise<Row[]> {
    const rest = values as unknown as Values;
    return status === null ? this.database.run(ofAll, rest) : this.database.run(ofStatus, { ...rest, status });
  }

  private async read(ids: readonly BatchJobId[]): Promise<BatchJob[]> {
    if (ids.length === 0) return [];
    const jobs = await this.database.read((manager) => manager.findBy(BatchJob, { id: In(ids) }));
    const byId = new Map(jobs.map((job) => [job.id, job]));
    // One may have been deleted meanwhile.
    return ids.flatMap((id) => byId.get(id) ?? []);
  }
}

/** As a pattern that means nothing but itself. */
const toLiteral = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Behind which place a page begins. */
const positionOf = (after: ListPosition | null): Pick<Asked, 'createdBefore' | 'idBefore'> => ({
  createdBefore: after?.createdAt ?? null,
  idBefore: after?.id ?? null,
});
