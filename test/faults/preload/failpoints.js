import { writeSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** The folder of the compiled programs. */
const DIST = new URL('src/', process.env.FAULTS_DIST_URL);
const load = (path) => import(new URL(path, DIST));

/** `point` → how often it is still passed before the process dies there. */
const armed = new Map();
const known = new Set();

/** @param failpoint `point`, and the `nth` time it is reached */
export const arm = ({ point, nth = 1 }) => {
  if (!known.has(point)) throw new Error(`no failpoint ${point}; there are ${[...known].join(', ')}`);
  armed.set(point, nth);
};

/** No farewell and no cleaning up: what a power cut leaves. The line is written in full before it. */
const reach = (point) => {
  const left = armed.get(point);
  if (left === undefined) return;
  armed.set(point, left - 1);
  if (left > 1) return;
  writeSync(2, `failpoint ${point}\n`);
  process.kill(process.pid, 'SIGKILL');
};

/** Puts a point before and after a method. */
const around = (Class, method, name = () => method) => {
  const original = Class.prototype[method];
  if (typeof original !== 'function') throw new Error(`${Class.name} has no method ${method}`);
  Class.prototype[method] = async function (...given) {
    reach(`${name(given)}.before`);
    const result = await original.apply(this, given);
    reach(`${name(given)}.after`);
    return result;
  };
  return (...names) => names.forEach((each) => known.add(`${each}.before`).add(`${each}.after`));
};

const { ScheduleRepository } = await load('batch-jobs/schedule.repository.js');
const { BatchJobsRepository } = await load('batch-jobs/batch-jobs.repository.js');
const { SchedulerGateway } = await load('queue/scheduler.gateway.js');
const { DelayedSet } = await load('queue/delayed-set.js');
const { Turn } = await load('queue/turn.js');
const { ScheduleReconciler } = await load('scheduling/schedule.reconciler.js');
const { ScheduleSweeper } = await load('calling/schedule.sweeper.js');
const { BatchRunner } = await load('calling/batch.runner.js');
const { BatchStartConsumer } = await load('calling/batch-start.consumer.js');

for (const [Class, ...methods] of [
  [BatchJobsRepository, 'create'],
  [
    ScheduleRepository,
    'reschedule',
    'cancel',
    'startNow',
    'claim',
    'claimOverdue',
    'listOverdue',
    'listScheduled',
    'listScheduledOf',
  ],
  [SchedulerGateway, 'rearm', 'wakeAt', 'renewAll', 'forgetAll', 'readMark', 'leaveMark'],
  [DelayedSet, 'firingTimes', 'listUntil', 'scan'],
  [Turn, 'take'],
  [ScheduleReconciler, 'reconcile'],
  [ScheduleSweeper, 'sweep'],
  [BatchStartConsumer, 'wake'],
]) {
  for (const method of methods) around(Class, method)(method);
}
around(BatchRunner, 'start', ([, trigger]) => `start by ${trigger}`)('start by timer');
around(BatchRunner, 'startOverdue', () => 'start by sweep')('start by sweep');

// On its way to PostgreSQL and not answered: the statement takes effect, and nobody here will know.
const { RESCHEDULE, CANCEL, START_NOW, CLAIM, CLAIM_MANY } = await load('batch-jobs/schedule.statements.js');
const { INSERT_BATCH_JOB } = await load('batch-jobs/create.statements.js');
const SENT = {
  reschedule: RESCHEDULE,
  cancel: CANCEL,
  startNow: START_NOW,
  claim: CLAIM,
  claimOverdue: CLAIM_MANY,
  create: INSERT_BATCH_JOB,
};
const points = new Map(Object.entries(SENT).map(([name, statement]) => [statement.text ?? statement, `${name}.sent`]));
points.set('COMMIT', 'commit.sent');
for (const point of points.values()) known.add(point);

const query = Reflect.get(Client.prototype, 'query');
Client.prototype.query = function (...given) {
  const point = points.get(given[0]?.text ?? given[0]);
  const result = query.apply(this, given);
  if (point !== undefined && armed.has(point)) setImmediate(reach, point);
  return result;
};

// The same on its way to Redis: the one script that replaces a wake-up.
known.add('rearm.sent');
const sendCommand = Reflect.get(Redis.prototype, 'sendCommand');
Redis.prototype.sendCommand = function (...given) {
  const result = sendCommand.apply(this, given);
  const [{ name, args }] = given;
  if (armed.has('rearm.sent') && name.startsWith('eval') && String(args[2]).endsWith(':batch-start:delayed')) {
    setImmediate(reach, 'rearm.sent');
  }
  return result;
};

// Says that a worker is up, which has no port to ask.
const { onApplicationBootstrap } = ScheduleSweeper.prototype;
ScheduleSweeper.prototype.onApplicationBootstrap = function () {
  onApplicationBootstrap.call(this);
  process.send?.({ ready: true });
};
