/** SQL that builds the `HistoryFacts` of a row of `batch_jobs`, known in the statement as `row`. */
export const historyFacts = (row: string): string => `jsonb_build_object(
      'status', ${row}.status, 'scheduleRevision', ${row}.schedule_revision,
      'startsAt', to_char(${row}.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'localStartTime', ${row}.local_start_time, 'timezone', ${row}.timezone)`;
