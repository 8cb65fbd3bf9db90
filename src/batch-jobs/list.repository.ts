import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../shared/database.js';
import { BatchJob, type BatchJobId } from './batch-job.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { COUNT_JOBS } from './count.statements.js';
import {
  COUNT_BY_NAME,
  COUNT_BY_START,
  COUNT_NEWEST_BY_NAME,
  COUNT_NEWEST_BY_START,
  FIND_BY_NAME,
  FIND_BY_START,
  LIST_JOBS,
  SEARCH_BY_NAME,
  SEARCH_BY_START,
  type IdRow,
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
  /** False: `total` pass the filter, and more. */
  readonly isTotalExact: boolean;
}

/** A page of a list. */
export interface ListedJobs extends ListTotal {
  readonly jobs: readonly BatchJob[];
}

/** Looked at before anything is looked up: 2 ms, and all there is of most organizations. */
const NEWEST = 5_000;
/** The next look goes so many times further: all looks together read a tenth more than the last. */
const FURTHER = 10;

/** Counted at most: 10,000 entries of an index take 2 ms, and 1,000 names among 5,000 jobs as long. */
const MOST_COUNTED = { byStart: 10_000, byName: 1_000 };

/** The index of names has letters by the three: what has fewer in a row is in nearly all of it. */
const IS_LOOKED_UP = /[\p{L}\p{N}]{3}/u;

/**
 * A start lies after the job's creation, but for one that newer zone rules have moved since: by hours, and this is more.
 */
const CREATED_LATER_AT_MOST_MS = 2 * 86_400_000;

/** Of a list and its filters, as the statements take it. */
interface Asked {
  readonly organizationId: string;
  readonly status: BatchJobStatus | null;
  /** A pattern of `ilike`. */
  readonly namePattern: string | null;
  readonly startsAfter: Date | null;
  readonly startsBefore: Date | null;
  readonly createdBefore: Date | null;
  readonly idBefore: BatchJobId | null;
}

/** What those that pass are read by: an index of starts, that of names, or the list in its order. */
type Way = 'start' | 'name' | 'list';

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
    const asked = { organizationId, status, namePattern, startsAfter, startsBefore, ...positionOf(page.after, filter) };
    if (!isPlain) {
      const all = { ...asked, ...positionOf(null, filter) };
      const counted = await this.count(all, total);
      const ids = await this.search(asked, page, total, counted.way);
      return { jobs: await this.read(ids), total: counted.total, isTotalExact: counted.isTotalExact };
    }
    // A deep page begins on the day of its first job: the days before it are passed by without being read.
    const first = isDeep ? { createdBefore, idBefore: null, offset: page.offset - newer } : { offset: page.offset };
    const rows = await this.run(LIST_JOBS, { ...asked, limit: page.limit, ...first });
    return { jobs: await this.read(rows), total, isTotalExact: true };
  }

  /** Those that pass, and the way on which they are found. @param listed how many the list has without the filters */
  private async count(asked: Asked, listed: number): Promise<ListTotal & { readonly way: Way }> {
    const { namePattern, startsAfter, startsBefore } = asked;
    const most = namePattern === null ? MOST_COUNTED.byStart : MOST_COUNTED.byName;
    const counted = (jobs: number, way: Way) => ({ total: Math.min(jobs, most), isTotalExact: jobs <= most, way });
    if (namePattern === null) {
      const jobs =
        listed <= NEWEST
          ? await this.countNewest({ ...asked, look: NEWEST, most: most + 1 })
          : await this.countByStart({ ...asked, most: most + 1 });
      return counted(jobs, jobs > most ? 'list' : 'start');
    }
    const inTime =
      listed > NEWEST && (startsAfter ?? startsBefore)
        ? await this.countByStart({ ...asked, namePattern: null, most: MOST_COUNTED.byStart + 1 })
        : Infinity;
    if (inTime <= MOST_COUNTED.byStart) return counted(await this.countByStart({ ...asked, most: most + 1 }), 'start');
    const way = isLookedUp(namePattern) ? 'name' : 'list';
    const newest = await this.countNewest({ ...asked, look: NEWEST, most: most + 1 });
    if (listed <= NEWEST || newest > most) return counted(newest, way);
    if (way === 'list') return counted(await this.countFurther({ ...asked, most: most + 1 }, listed), way);
    const [{ jobs }] = await this.database.run(COUNT_BY_NAME, { ...asked, namePattern, most: most + 1 });
    return counted(jobs, way);
  }

  private async countNewest({ namePattern, ...asked }: Asked & { look: number; most: number }): Promise<number> {
    const [{ jobs }] =
      namePattern === null
        ? await this.run(COUNT_NEWEST_BY_START, asked)
        : await this.run(COUNT_NEWEST_BY_NAME, { ...asked, namePattern });
    return jobs;
  }

  private countFurther(asked: Asked & { most: number }, listed: number): Promise<number> {
    return further(
      listed,
      (look) => this.countNewest({ ...asked, look }),
      (jobs) => jobs === asked.most,
    );
  }

  private async countByStart(asked: Asked & { most: number }): Promise<number> {
    const [{ jobs }] = await this.database.run(COUNT_BY_START, asked);
    return jobs;
  }

  private async search(asked: Asked, page: Page, listed: number, way: Way): Promise<IdRow[]> {
    const { namePattern } = asked;
    const { offset, limit } = page;
    const among = (look: number) =>
      namePattern === null
        ? this.run(SEARCH_BY_START, { ...asked, offset, limit, look })
        : this.run(SEARCH_BY_NAME, { ...asked, namePattern, offset, limit, look });
    const newest = await among(NEWEST);
    if (newest.length === limit || listed <= NEWEST) return newest;
    if (way === 'start') return this.database.run(FIND_BY_START, { ...asked, offset, limit });
    if (way === 'name' && namePattern !== null)
      return this.database.run(FIND_BY_NAME, { ...asked, namePattern, offset, limit });
    return further(listed, among, (rows) => rows.length === limit);
  }

  private run<Values extends object, Row extends object>(
    { ofAll, ofStatus }: OfEither<Values, Row>,
    { status, ...values }: Values & Pick<Asked, 'status'>,
  ): Promise<Row[]> {
    const rest = values as unknown as Values;
    return status === null ? this.database.run(ofAll, rest) : this.database.run(ofStatus, { ...rest, status });
  }

  private async read(rows: readonly IdRow[]): Promise<BatchJob[]> {
    const ids = rows.map(({ id }) => id);
    const jobs = await this.database.read((manager) => manager.findBy(BatchJob, { id: In(ids) }));
    const byId = new Map(jobs.map((job) => [job.id, job]));
    // One may have been deleted meanwhile.
    return ids.flatMap((id) => byId.get(id) ?? []);
  }
}

/** Looks at ever more of the list, until it is enough or all. */
async function further<T>(
  listed: number,
  among: (look: number) => Promise<T>,
  isEnough: (found: T) => boolean,
): Promise<T> {
  for (let look = NEWEST * FURTHER; ; look *= FURTHER) {
    const found = await among(look);
    if (isEnough(found) || look >= listed) return found;
  }
}

const isLookedUp = (namePattern: string): boolean => IS_LOOKED_UP.test(namePattern);

/** As a pattern that means nothing but itself. */
const toLiteral = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Behind which place a page begins: the later of the cursor's, and of what may have a start as early as is asked for. */
function positionOf(
  after: ListPosition | null,
  { startsBefore }: ListFilter,
): Pick<Asked, 'createdBefore' | 'idBefore'> {
  const latest = startsBefore && new Date(startsBefore.getTime() + CREATED_LATER_AT_MOST_MS);
  if (after && !(latest && latest < after.createdAt)) return { createdBefore: after.createdAt, idBefore: after.id };
  return { createdBefore: latest ?? null, idBefore: null };
}
