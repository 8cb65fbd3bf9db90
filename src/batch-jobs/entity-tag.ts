/** A strong entity tag (RFC 9110, section 8.8.3) with its quotes: `'"2.5"'`, revision and version of the row. */
export type EntityTag = string;

/** The tag of a batch job as it is in its row. Every change of the row makes another one. */
export const entityTagOf = (job: { readonly scheduleRevision: number; readonly version: number }): EntityTag =>
  `"${job.scheduleRevision}.${job.version}"`;

/** SQL that builds the same tag of a row of `batch_jobs`, known in the statement as `row`. */
export const entityTagSql = (row: string): string => `concat('"', ${row}.schedule_revision, '.', ${row}.version, '"')`;
