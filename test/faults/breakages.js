const STATEMENTS = 'src/batch-jobs/schedule.statements.js';
const REPOSITORY = 'src/batch-jobs/schedule.repository.js';
const RESCHEDULE = 'src/operations/reschedule.service.js';
const CHANGE = 'src/operations/change.js';

/**
 * Ways to break the start protocol, as replacements in the compiled programs; the faults that must reveal each, and
 * what they must then say. The texts to be replaced are as short as they can be, and must be found.
 */
export const BREAKAGES = [
  {
    name: 'no due-time guard',
    replacements: [[STATEMENTS, ' and job.starts_at <= moment.at', '']],
    only: 'queue jobs',
    reveals: /before its time|before the acknowledged time/,
  },
  {
    name: 'no revision check',
    replacements: [[STATEMENTS, 'job.schedule_revision = ${revision}', '${revision} is not null']],
    only: 'queue jobs',
    reveals: /said that revision \d+ of \S+ was started/,
  },
  {
    name: 'no sweep',
    replacements: [['src/calling/schedule.sweeper.js', 'this.sweeping.start();', '']],
    only: 'FLUSHALL',
    reveals: /is still scheduled|over the bound/,
  },
  {
    name: 'Redis before the database',
    replacements: [
      [
        RESCHEDULE,
        'make: (order) => this.schedules.reschedule(order, schedule)',
        `make: async (order) => {
           const [old] = await this.schedules.database.read((manager) => manager.query(
             'select schedule_revision as revision from batch_jobs where id = $1', [id]));
           if (old) await this.changes.scheduler.rearm({ batchJobId: id, revision: old.revision },
             { batchJobId: id, revision: old.revision + 1, startsAt: schedule.startsAt });
           return this.schedules.reschedule(order, schedule);
         }`,
      ],
      [
        CHANGE,
        'await this.scheduler.rearm(ended, scheduled)',
        `verb.told === 'batch rescheduled'
           ? { oldJobCancelled: true, isArmed: true }
           : await this.scheduler.rearm(ended, scheduled)`,
      ],
    ],
    only: 'each step of reschedule',
    reveals: /Redis was ahead of PostgreSQL/,
  },
  {
    name: 'read, then write',
    replacements: [
      // One by one, as claims that are gathered lock first.
      [REPOSITORY, 'return this.claims.do(', 'return this.claimAlone('],
      [
        REPOSITORY,
        'const [claimed] = await this.database.run(CLAIM,',
        `const [read] = await this.database.read((manager) => manager.query(
           \`select status = 'scheduled' and schedule_revision = $2 and starts_at <= clock_timestamp() as due
              from batch_jobs where id = $1\`, [claim.batchJobId, claim.revision]));
         if (!read?.due) return { outcome: 'stale' };
         const [claimed] = await this.database.run(CLAIM,`,
      ],
      [
        STATEMENTS,
        "job.status = 'scheduled' and job.schedule_revision = ${revision} and job.starts_at <= moment.at",
        "job.status <> 'running' and ${revision} is not null",
      ],
    ],
    only: 'on one row',
    reveals:
      /before its time|before the acknowledged time|was started, although|after its cancel|after it was cancelled/,
  },
];
