import { boolean, count, integer, statement, text } from '../shared/statement.js';

/*
 * What is old goes from the beginning of a primary key whose order is that of time, so that no index is kept for it: each
 * statement looks at so many of the oldest rows, and deletes those of them that may go.
 */

interface KeptParameters {
  readonly keptDays: number;
  /** Rows that are looked at. */
  readonly limit: number;
}

/** What a statement has done. */
export interface PrunedRows {
  readonly deleted: number;
  /** The last row that it looked at was old as well. */
  readonly mayBeMore: boolean;
}

const OLD = `clock_timestamp() - make_interval(days => :keptDays::integer)`;

/** Of the installation: others may live in other schemas of the same database. Held until the transaction ends. */
export const TAKE_PRUNING_TURN = statement<object, { readonly isOurs: boolean }>({
  sql: `select pg_try_advisory_xact_lock(hashtextextended(current_schema() || ' batch-jobs retention', 0)) as "isOurs"`,
  parameters: {},
  columns: { isOurs: boolean },
});

/** Lets this transaction, and no other, delete from the history: its trigger asks for this word. */
export const ALLOW_PRUNING = statement({
  sql: `select set_config('batch_jobs.prunes_history', 'on', true) as allowed`,
  parameters: {},
  columns: { allowed: text },
});

export const PRUNE_HISTORY = statement<KeptParameters, PrunedRows>({
  sql: `
  with oldest as materialized (
    select id, occurred_at < ${OLD} as is_old from batch_job_history order by id limit :limit
  ), deleted as (
    delete from batch_job_history where id = any (array(select id from oldest where is_old)) returning 1
  )
  select (select count(*)::integer from deleted) as deleted,
         coalesce((select is_old from oldest order by id desc limit 1), false) as "mayBeMore"`,
  parameters: { keptDays: integer, limit: count },
  columns: { deleted: integer, mayBeMore: boolean },
});

/** Also where it stopped: `afterId` of the next. Null: there was none. */
export interface PrunedCalls extends PrunedRows {
  readonly lastId: string | null;
}

/** Calls that ended long ago, of batches that did so, too, or were deleted. An open call is a slot, and stays. */
export const PRUNE_CALLS = statement<KeptParameters & { readonly afterId: string }, PrunedCalls>({
  sql: `
  with oldest as materialized (
    select id, batch_job_id, ended_at, claimed_at < ${OLD} as is_old from call_attempts
     where id > :afterId order by id limit :limit
  ), deleted as (
    delete from call_attempts where id = any (array(
      select id from oldest where ended_at < ${OLD} and coalesce(
               (select coalesce(completed_at < ${OLD}, false) from batch_jobs where id = oldest.batch_job_id), true)
    )) returning 1
  )
  select (select count(*)::integer from deleted) as deleted, last.id as "lastId",
         coalesce(last.is_old, false) as "mayBeMore"
    from (select 1) as one left join (select id, is_old from oldest order by id desc limit 1) as last on true`,
  parameters: { keptDays: integer, afterId: text, limit: count },
  columns: { deleted: integer, lastId: text, mayBeMore: boolean },
});
