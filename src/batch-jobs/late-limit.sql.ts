/** Of jobs without a limit of their own, in minutes; 0: any lateness is fine. */
export interface LateLimit {
  readonly maxLateStartMinutes: number;
}

/** SQL: how late a `job` may start, in minutes. */
export const LATE_LIMIT = 'coalesce(job.max_late_start_minutes, :maxLateStartMinutes::integer)';
