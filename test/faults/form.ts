/** What was asked for, see `run-faults.js`. Without any of it: the short form, once through, as a part of `npm test`. */
export const isLongForm = process.env.FAULTS_ROUNDS !== undefined || process.env.FAULTS_MINUTES !== undefined;
