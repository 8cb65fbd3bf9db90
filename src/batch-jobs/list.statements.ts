import { count, integer, statement, text, timestamp, type Shape, type Statement } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from './batch-job.status.js';

/*
 * Lists, newest first. Whatever is asked for, a statement reads an index in its order and ends with the page, or reads by
 * an index what few pass. Which of the two is better is known to `ListRepository`, and not left to PostgreSQL's guess. Pages are of ids; the rows of a page are looked up by them.
 */

/** Behind which place of the list. Nulls: from the newest. */
interface PositionParameters {
  readonly createdBefore: Date | null;
  /** Of those that were created at that very instant, smaller ids only. */
  readonly idBefore: BatchJobId | null;
}

interface FilterParameters {
  readonly organizationId: string;
  /** Inclusive. Null: any. */
  readonly startsAfter: Date | null;
  /** Exclusive. Null: any. */
  readonly startsBefore: Date | null;
}

interface PageParameters {
  readonly offset: number;
  readonly limit: number;
}

interface LookParameters {
  /** Most that are looked at, the newest of the list. */
  readonly look: number;
}

interface StatusParameters {
  readonly status: BatchJobStatus;
}

interface OptionalStatus {
  /** Null: any. */
  readonly status: BatchJobStatus | null;
}

interface NameParameters {
  /** A pattern of `ilike`. */
  readonly namePattern: string;
}

interface OptionalName {
  /** A pattern of `ilike`. Null: any. */
  readonly namePattern: string | null;
}

interface MostParameters {
  /** No more are counted. */
  readonly most: number;
}

export interface IdRow {
  readonly id: BatchJobId;
}

interface CountRow {
  readonly jobs: number;
}

const POSITION: Shape<PositionParameters> = { createdBefore: timestamp, idBefore: text };
const FILTER: Shape<FilterParameters> = { organizationId: text, startsAfter: timestamp, startsBefore: timestamp };
const PAGE: Shape<PageParameters> = { offset: count, limit: count };
const IDS: Shape<IdRow> = { id: text };
const JOBS: Shape<CountRow> = { jobs: integer };

const BEHIND = `(created_at, id) < (coalesce(:createdBefore::timestamptz, 'infinity'), coalesce(:idBefore::text, ''))`;
const STARTS_IN_TIME = `starts_at >= coalesce(:startsAfter::timestamptz, '-infinity')
       and starts_at < coalesce(:startsBefore::timestamptz, 'infinity')`;
// Beside another condition that is looked up: a job without a start passes unless one is asked for.
const MAY_START_IN_TIME = `(:startsAfter::timestamptz is null or starts_at >= :startsAfter)
       and (:startsBefore::timestamptz is null or starts_at < :startsBefore)`;
const IN_STATUS = '(:status::text is null or status = :status)';
const NAMED = '(:namePattern::text is null or name ilike :namePattern)';
const NEWEST_FIRST = 'order by created_at desc, id desc';

/**
 * The newest of one status after the other: each has its own order in the index, and PostgreSQL merges them as it reads.
 *
 * @param most SQL of how many are needed of each at most: without it PostgreSQL would rather sort all there are
 */
const newestOf = (statuses: readonly string[], most: string): string =>
  statuses
    .map(
      (status) => `
    (select id, created_at, starts_at, name from batch_jobs
      where organization_id = :organizationId and status = ${status} and ${BEHIND}
      ${NEWEST_FIRST} limit ${most})`,
    )
    .join(' union all');

const ALL = BATCH_JOB_STATUSES.map((status) => `'${status}'`);
const ONE = [':status'];

/** Of all jobs, or of those in one status. */
export interface OfEither<All extends object, Row extends object> {
  readonly ofAll: Statement<All, Row>;
  readonly ofStatus: Statement<All & StatusParameters, Row>;
}

const ofEither = <Parameters extends object, Row extends object>(
  sqlOf: (statuses: readonly string[]) => string,
  parameters: Shape<Parameters>,
  columns: Shape<Row>,
): OfEither<Parameters, Row> => ({
  ofAll: statement<Parameters, Row>({ sql: sqlOf(ALL), parameters, columns, isPlannedAnew: true }),
  ofStatus: statement<Parameters & StatusParameters, Row>({
    sql: sqlOf(ONE),
    parameters: { ...parameters, status: text } as unknown as Shape<Parameters & StatusParameters>,
    columns,
    isPlannedAnew: true,
  }),
});

const ORGANIZATION: Shape<{ readonly organizationId: string }> = { organizationId: text };

/** A page of the list itself. */
export const LIST_JOBS = ofEither<{ readonly organizationId: string } & PositionParameters & PageParameters, IdRow>(
  (statuses) => `select id from (${newestOf(statuses, '(:offset::bigint + :limit::bigint)')}
  ) as list ${NEWEST_FIRST} offset :offset limit :limit`,
  { ...ORGANIZATION, ...POSITION, ...PAGE },
  IDS,
);

const seenOf = (statuses: readonly string[]): string => `(select * from (${newestOf(statuses, ':look')}
  ) as list ${NEWEST_FIRST} limit :look) as seen`;

const SEEN_BY_START = { ...FILTER, ...POSITION, look: count };
const SEEN_BY_NAME = { ...SEEN_BY_START, namePattern: text };

/** A page of those that start in time, among the newest. */
export const SEARCH_BY_START = ofEither<FilterParameters & PositionParameters & LookParameters & PageParameters, IdRow>(
  (statuses) =>
    `select id from ${seenOf(statuses)} where ${STARTS_IN_TIME} ${NEWEST_FIRST} offset :offset limit :limit`,
  { ...SEEN_BY_START, ...PAGE },
  IDS,
);

/** A page of those that have the name, and start in time, among the newest. */
export const SEARCH_BY_NAME = ofEither<
  FilterParameters & PositionParameters & LookParameters & NameParameters & PageParameters,
  IdRow
>(
  (
    statuses,
  ) => `select id from ${seenOf(statuses)} where name ilike :namePattern and ${MAY_START_IN_TIME} ${NEWEST_FIRST}
  offset :offset limit :limit`,
  { ...SEEN_BY_NAME, ...PAGE },
  IDS,
);

const counting = (rows: string): string => `select count(*)::integer as jobs from (${rows} limit :most) as counted`;

/** How many of the newest start in time. */
export const COUNT_NEWEST_BY_START = ofEither<
  FilterParameters & PositionParameters & LookParameters & MostParameters,
  CountRow
>(
  (statuses) => counting(`select from ${seenOf(statuses)} where ${STARTS_IN_TIME}`),
  { ...SEEN_BY_START, most: count },
  JOBS,
);

/** How many of the newest have the name, and start in time. */
export const COUNT_NEWEST_BY_NAME = ofEither<
  FilterParameters & PositionParameters & LookParameters & NameParameters & MostParameters,
  CountRow
>(
  (statuses) => counting(`select from ${seenOf(statuses)} where name ilike :namePattern and ${MAY_START_IN_TIME}`),
  { ...SEEN_BY_NAME, most: count },
  JOBS,
);

// Two indexes: that of batches which are to start is of all organizations, and is the sweep's as well.
const FOUND_BY_START = `
    select id, created_at, name from batch_jobs
     where status = 'scheduled' and coalesce(:status::text, 'scheduled') = 'scheduled'
       and organization_id = :organizationId and ${STARTS_IN_TIME} and ${NAMED} and ${BEHIND}
    union all
    select id, created_at, name from batch_jobs
     where status <> 'scheduled' and organization_id = :organizationId and ${STARTS_IN_TIME}
       and ${IN_STATUS} and ${NAMED} and ${BEHIND}`;
const BY_START = { ...FILTER, ...POSITION, status: text, namePattern: text };

/** A page of those that start in time, where they are few: they are sorted. */
export const FIND_BY_START = statement<
  FilterParameters & PositionParameters & OptionalStatus & OptionalName & PageParameters,
  IdRow
>({
  sql: `select id from (${FOUND_BY_START}
  ) as found ${NEWEST_FIRST} offset :offset limit :limit`,
  parameters: { ...BY_START, ...PAGE },
  columns: IDS,
});

export const COUNT_BY_START = statement<
  FilterParameters & PositionParameters & OptionalStatus & OptionalName & MostParameters,
  CountRow
>({
  sql: counting(`select from (${FOUND_BY_START}) as found`),
  parameters: { ...BY_START, most: count },
  columns: JOBS,
});

const FOUND_BY_NAME = `from batch_jobs
   where name ilike :namePattern and organization_id = :organizationId and ${IN_STATUS} and ${MAY_START_IN_TIME} and ${BEHIND}`;
const BY_NAME = { ...FILTER, ...POSITION, status: text, namePattern: text };

/** A page of those that have the name, where they are few: they are sorted. */
export const FIND_BY_NAME = statement<
  FilterParameters & PositionParameters & OptionalStatus & NameParameters & PageParameters,
  IdRow
>({
  sql: `select id ${FOUND_BY_NAME} ${NEWEST_FIRST} offset :offset limit :limit`,
  parameters: { ...BY_NAME, ...PAGE },
  columns: IDS,
});

export const COUNT_BY_NAME = statement<
  FilterParameters & PositionParameters & OptionalStatus & NameParameters & MostParameters,
  CountRow
>({
  sql: counting(`select ${FOUND_BY_NAME}`),
  parameters: { ...BY_NAME, most: count },
  columns: JOBS,
});
