import { count, integer, listOf, statement, text, timestamp, type Shape, type Statement } from '../shared/statement.js';
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

interface LookParameters extends FilterParameters, PositionParameters, PageParameters {
  /** Most that are looked at, the newest behind the position. */
  readonly look: number;
}

interface StatusParameters {
  readonly status: BatchJobStatus;
}

interface NameParameters {
  /** A pattern of `ilike`. */
  readonly namePattern: string;
}

interface FindParameters extends FilterParameters, PositionParameters, PageParameters {
  /** Null: any. */
  readonly status: BatchJobStatus | null;
  /** No more are read. */
  readonly most: number;
}

export interface IdRow {
  readonly id: BatchJobId;
}

/** A page of those that pass, and how many were met. */
export interface FoundRow {
  readonly ids: readonly BatchJobId[];
  readonly jobs: number;
}

const POSITION: Shape<PositionParameters> = { createdBefore: timestamp, idBefore: text };
const FILTER: Shape<FilterParameters> = { organizationId: text, startsAfter: timestamp, startsBefore: timestamp };
const PAGE: Shape<PageParameters> = { offset: count, limit: count };
const IDS: Shape<IdRow> = { id: text };
const FOUND: Shape<FoundRow> = { ids: listOf(text), jobs: integer };

const BEHIND = `(created_at, id) < (coalesce(:createdBefore::timestamptz, 'infinity'), coalesce(:idBefore::text, ''))`;
const STARTS_IN_TIME = `starts_at >= coalesce(:startsAfter::timestamptz, '-infinity')
       and starts_at < coalesce(:startsBefore::timestamptz, 'infinity')`;
// A start lies after the creation of its job, but for one that newer zone rules have moved since: by hours, and this is more.
const CREATED_IN_TIME = `created_at < coalesce(:startsBefore::timestamptz + interval '2 days', 'infinity')`;
// Beside another condition that is looked up: a job without a start passes unless one is asked for.
const MAY_START_IN_TIME = `(:startsAfter::timestamptz is null or starts_at >= :startsAfter)
       and (:startsBefore::timestamptz is null or starts_at < :startsBefore)`;
const IN_STATUS = '(:status::text is null or status = :status)';
const NEWEST_FIRST = 'order by created_at desc, id desc';

/**
 * The newest of one status after the other: each has its own order in the index, and PostgreSQL merges them as it reads.
 *
 * @param most SQL of how many are needed of each at most: without it PostgreSQL would rather sort all there are
 * @param also SQL of a further condition
 */
const newestOf = (statuses: readonly string[], most: string, also = 'true'): string =>
  statuses
    .map(
      (status) => `
    (select id, created_at, starts_at, name from batch_jobs
      where organization_id = :organizationId and status = ${status} and ${BEHIND} and ${also}
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

const LOOKED: Shape<LookParameters> = { ...FILTER, ...POSITION, ...PAGE, look: count };

/** @param also SQL of a further condition on the rows of `passing` that are shown */
const found = (passing: string, also = 'true'): string => `
  with passing as materialized (${passing}
  )
  select array(select id from passing where ${also} ${NEWEST_FIRST} offset :offset limit :limit) as ids,
         (select count(*)::integer from passing) as jobs`;

const looking = (statuses: readonly string[], condition: string): string =>
  found(`
    select id, created_at from (select * from (${newestOf(statuses, ':look', CREATED_IN_TIME)}
    ) as list ${NEWEST_FIRST} limit :look) as seen where ${condition}`);

/** Those that start in time, among the newest. */
export const LOOK_BY_START = ofEither<LookParameters, FoundRow>(
  (statuses) => looking(statuses, STARTS_IN_TIME),
  LOOKED,
  FOUND,
);

/** Those that have the name, and start in time, among the newest. */
export const LOOK_BY_NAME = ofEither<LookParameters & NameParameters, FoundRow>(
  (statuses) => looking(statuses, `name ilike :namePattern and ${MAY_START_IN_TIME}`),
  { ...LOOKED, namePattern: text },
  FOUND,
);

const ASKED: Shape<FindParameters> = { ...FILTER, ...POSITION, ...PAGE, status: text, most: count };

/**
 * Those that start in time, where they are few: they are sorted. In any case all that start in time are counted as
 * `inTime`, at most `most`; of more than that it is not known which are the newest. Two indexes: that of batches which are
 * to start is of all organizations, and is the sweep's as well.
 */
export const FIND_BY_START = statement<
  FindParameters & { /** Null: any. */ readonly namePattern: string | null },
  FoundRow & { readonly inTime: number }
>({
  sql: `
  with in_time as materialized (
    select id, created_at, name from (
      select id, created_at, name from batch_jobs
       where status = 'scheduled' and coalesce(:status::text, 'scheduled') = 'scheduled'
         and organization_id = :organizationId and ${STARTS_IN_TIME}
      union all
      select id, created_at, name from batch_jobs
       where status <> 'scheduled' and organization_id = :organizationId and ${STARTS_IN_TIME} and ${IN_STATUS}
    ) as either limit :most
  ), found as materialized (${found('select * from in_time where (:namePattern::text is null or name ilike :namePattern)', BEHIND)}
  )
  select found.*, (select count(*)::integer from in_time) as "inTime" from found`,
  parameters: { ...ASKED, namePattern: text },
  columns: { ...FOUND, inTime: integer },
});

/** Those that have the name, where they are few: they are sorted. Of `most` or more it is not known which are the newest. */
export const FIND_BY_NAME = statement<FindParameters & NameParameters, FoundRow>({
  sql: found(
    `
    select id, created_at from batch_jobs
     where name ilike :namePattern and organization_id = :organizationId and ${IN_STATUS} and ${MAY_START_IN_TIME}
     limit :most`,
    BEHIND,
  ),
  parameters: { ...ASKED, namePattern: text },
  columns: FOUND,
});
