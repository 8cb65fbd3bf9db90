import { statement, timestamp } from './statement.js';
/** Of one row, which nobody waits for: who finds it locked asks nothing but whether it may write at all. */
export const PROBE = statement({
  sql: `
  update write_probes set probed_at = clock_timestamp()
   where id in (select id from write_probes for update skip locked)`,
  parameters: {},
  columns: {},
});

/** The only clock that starts are judged by. */
export const READ_CLOCK = statement<object, { readonly now: Date }>({
  sql: 'select clock_timestamp() as now',
  parameters: {},
  columns: { now: timestamp },
});
