import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import { ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import { TimeRulesRepository } from '../../src/batch-jobs/time-rules.repository.js';
import { BatchRunner } from '../../src/calling/batch.runner.js';
import { SchedulerGateway } from '../../src/queue/scheduler.gateway.js';
import { TimeRulesWatcher } from '../../src/scheduling/time-rules.watcher.js';
import { TimezoneService } from '../../src/scheduling/timezone.service.js';
import { ZONE_RULES, ZoneRules } from '../../src/scheduling/zone-rules.js';
import { Database } from '../../src/shared/database.js';
import { Metrics } from '../../src/shared/metrics.js';
import type { Settings } from '../../src/shared/settings.js';
import { eventually } from '../support/eventually.js';
import { JobRows } from '../support/job-rows.js';
import { LogLines } from '../support/log-lines.js';
import { RULES_2026A } from '../support/older-zone-rules.js';
import { bootWorker } from '../support/other-worker.js';
import { Program } from '../support/programs.js';
import { NO_DISPATCH } from '../support/no-calls.js';
import { TestApp } from '../support/test-app.js';
import { truncate } from '../support/truncate.js';

const NOW = '2026-11-23T00:00:00Z';

/** Nine in the morning: 17:00 UTC by 2026a, 16:00 UTC by the rules in use. */
const VANCOUVER = { scheduledStartTime: '2026-12-01T09:00:00', timezone: 'America/Vancouver' };
const BEFORE = '2026-12-01T17:00:00.000Z';
const AFTER = '2026-12-01T16:00:00.000Z';

/** Nine in the morning: 08:00 UTC by 2026a, 09:00 UTC by the rules in use. */
const CASABLANCA = { scheduledStartTime: '2026-12-01T09:00:00', timezone: 'Africa/Casablanca' };

/** The same instant by both. */
const NEW_YORK = { scheduledStartTime: '2026-12-01T09:00:00', timezone: 'America/New_York' };

/** The service with the older rules: what it creates was computed by 2026a. */
let app: TestApp;
let rows: JobRows;
let log: LogLines;
const workers: TestingModule[] = [];
beforeAll(async () => {
  app = await TestApp.start({ override: (m) => m.overrideProvider(ZoneRules).useValue(RULES_2026A) });
  rows = new JobRows(app.database);
});
afterAll(() => app.stop());
beforeEach(async () => {
  log = LogLines.listen();
  await app.setNow(NOW);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
  await truncate(app.database, 'batch_jobs');
  const keys = await app.redis.keys(`${app.settings.redisKeyPrefix.replace(/[{}]/g, '?')}*`);
  if (keys.length > 0) await app.redis.del(keys);
});

async function aWorker(replaced: Pick<WatcherOptions, 'repository'> = {}): Promise<TestingModule> {
  const worker = await bootWorker(app, { log, ...replaced });
  workers.push(worker);
  return worker;
}

interface WatcherOptions {
  readonly rules?: ZoneRules;
  readonly settings?: Partial<Settings>;
  /** Comes between what the watcher reads and what it writes. */
  readonly repository?: TimeRulesRepository;
  readonly scheduler?: SchedulerGateway;
}

const database = () => app.app.get(Database, { strict: false });

/** A watcher that looks when it is told to, with the rules in use. */
const aWatcher = ({ rules = ZONE_RULES, settings, repository, scheduler }: WatcherOptions = {}) =>
  new TimeRulesWatcher(
    repository ?? new TimeRulesRepository(database()),
    new TimezoneService(rules),
    scheduler ?? app.app.get(SchedulerGateway, { strict: false }),
    { ...app.settings, ...settings },
  );

/** Between what is read and what is written, something else happens. */
class Interrupted extends TimeRulesRepository {
  constructor(
    private readonly interruptions: Partial<Record<'beforeRead' | 'afterRead' | 'beforeWrite', () => unknown>>,
  ) {
    super(database());
  }

  override async listComputedBefore(...args: Parameters<TimeRulesRepository['listComputedBefore']>) {
    await this.interruptions.beforeRead?.();
    const listed = await super.listComputedBefore(...args);
    await this.interruptions.afterRead?.();
    return listed;
  }

  override async follow(...args: Parameters<TimeRulesRepository['follow']>) {
    await this.interruptions.beforeWrite?.();
    return super.follow(...args);
  }
}

const looked = (what: Partial<Record<'moved' | 'missed' | 'confirmed' | 'left', number>>) => ({
  moved: 0,
  missed: 0,
  confirmed: 0,
  left: 0,
  ...what,
});

const startsAt = async (id: string): Promise<string | undefined> => (await rows.row(id)).startsAt?.toISOString();

describe('when the rules of zones have changed', () => {
  it('workers that boot together move each wall time once, with its timer, and nothing else', async () => {
    const moved = await app.create(VANCOUVER);
    const instant = await app.create({ scheduledStartTime: BEFORE, timezone: 'America/Vancouver' });
    const same = await app.create(NEW_YORK);
    expect([await startsAt(moved), (await rows.row(moved)).tzdbVersion]).toEqual([BEFORE, '2026a']);
    expect([...(await app.delayed())]).toContainEqual([`${moved}.r1`, BEFORE]);
    const instantBefore = await rows.row(instant);
    const sameBefore = await rows.row(same);

    await Promise.all([aWorker(), aWorker()]);

    expect(await rows.row(moved)).toMatchObject({
      status: 'scheduled',
      revision: 2,
      startsAt: new Date(AFTER),
      localStartTime: '2026-12-01T09:00:00',
      timezone: 'America/Vancouver',
      tzdbVersion: ZONE_RULES.version,
    });
    const [, move, ...further] = await rows.history(moved);
    expect(further).toEqual([]);
    const facts = { status: 'scheduled', localStartTime: '2026-12-01T09:00:00', timezone: 'America/Vancouver' };
    expect(move).toEqual({
      action: 'rescheduled',
      actor: 'system',
      requestId: null,
      reason: 'time_rules_changed',
      before: { ...facts, scheduleRevision: 1, startsAt: BEFORE },
      after: { ...facts, scheduleRevision: 2, startsAt: AFTER },
    });
    expect(await rows.row(instant)).toEqual(instantBefore);
    expect(await rows.row(same)).toEqual({ ...sameBefore, tzdbVersion: ZONE_RULES.version });
    expect(await rows.history(same)).toHaveLength(1);
    await eventually(async () => {
      expect(Object.fromEntries(await app.delayed())).toEqual({
        [`${moved}.r2`]: AFTER,
        [`${instant}.r1`]: BEFORE,
        [`${same}.r1`]: '2026-12-01T14:00:00.000Z',
      });
    });
  });

  it('a further boot moves nothing', async () => {
    await app.create(VANCOUVER);
    await app.create(NEW_YORK);
    await (await aWorker()).close();
    workers.length = 0;
    const before = await app.everything();

    await aWorker();

    expect(await app.everything()).toEqual(before);
  });

  it('a worker starts nothing before its first look: no batch at an hour that the rules no longer mean', async () => {
    const id = await app.create(CASABLANCA);
    expect(await startsAt(id)).toBe('2026-12-01T08:00:00.000Z');
    await app.setNow('2026-12-01T08:05:00Z');
    // A slow look: whatever else the worker does has its chance to start the batch.
    const running = async () => {
      if ((await rows.row(id)).status !== 'running') throw new Error('not started');
    };
    const beforeRead = () => eventually(running, 1_000).catch(() => undefined);

    await aWorker({ repository: new Interrupted({ beforeRead }) });

    await eventually(() => expect(log.of('schedules follow the zone rules')).toHaveLength(1));
    expect(await rows.row(id)).toMatchObject({ status: 'scheduled', startsAt: new Date('2026-12-01T09:00:00Z') });
    await app.setNow('2026-12-01T09:00:03Z');
    await eventually(async () => expect((await rows.row(id)).status).toBe('running'));
    expect(await rows.starts(id)).toMatchObject([{ revision: 2 }]);
  });

  it('a worker that boots while another is at it waits for it', async () => {
    const id = await app.create(VANCOUVER);
    const repository = new TimeRulesRepository(database());
    let boots: Promise<TestingModule> | undefined;

    await repository.alone(async () => {
      boots = aWorker();
      await eventually(() => expect(log.of('zone rules are busy')).toEqual([{}]));
      expect(await startsAt(id)).toBe(BEFORE);
    });

    await boots;
    expect(await startsAt(id)).toBe(AFTER);
  });

  it('a schedule that a process of older rules writes afterwards is moved by the next look', async () => {
    await aWatcher().look();
    const straggler = await app.create(VANCOUVER);

    expect(await aWatcher().look()).toEqual(looked({ moved: 1 }));

    expect(await startsAt(straggler)).toBe(AFTER);
  });

  it('every page of schedules is looked at', async () => {
    await manyInVancouver('A', 1_203);

    expect(await aWatcher().look()).toEqual(looked({ moved: 1_203 }));

    expect(await movedInVancouver('A')).toEqual({ moved: 1_203, moves: 1_203, twice: 0 });
  });
});

/** Rows as 2026a computed them. */
const manyInVancouver = (letter: string, count: number) =>
  app.database.query(
    `insert into batch_jobs (id, organization_id, from_phone_number_id, agent_id, name, status, concurrent_call_limit,
       max_attempts, total_contacts, schedule_revision, starts_at, local_start_time, timezone, disambiguation, tzdb_version)
     select 'batch_' || $3 || lpad(n::text, 25, '0'), 'org_a', 'phone_a', 'agent_a', 'many', 'scheduled', 1, 1, 0, 1,
       $2, '2026-12-01T09:00:00', 'America/Vancouver', 'compatible', '2026a' from generate_series(1, $1::integer) as n`,
    [count, BEFORE, letter],
  );

/** How many of them moved, by how many entries in the history, and how many more than once. */
const movedInVancouver = async (letter: string) => {
  const [found] = await app.database.query<{ moved: number; moves: number; twice: number }[]>(
    `select count(*) filter (where starts_at = $1)::integer as moved,
            count(*) filter (where schedule_revision > 2)::integer as twice,
            (select count(*)::integer from batch_job_history
              where batch_job_id like 'batch_' || $2 || '000%' and reason = 'time_rules_changed') as moves
       from batch_jobs where id like 'batch_' || $2 || '000%'`,
    [AFTER, letter],
  );
  return found;
};

describe('a look that does not get to its end', () => {
  it('is taken up by the next one, and moves nothing twice', async () => {
    const same = await app.create(NEW_YORK);
    await manyInVancouver('C', 12);
    const stop = new AbortController();
    const repository = new Interrupted({ beforeWrite: () => stop.abort() });

    expect(await aWatcher({ repository }).look(stop.signal)).toEqual(looked({ moved: 5, confirmed: 1 }));
    expect(await aWatcher().look()).toEqual(looked({ moved: 7 }));

    expect(await movedInVancouver('C')).toEqual({ moved: 12, moves: 12, twice: 0 });
    expect(await rows.history(same)).toHaveLength(1);
  });

  it('is made up for by the next worker when the process was killed', async () => {
    await manyInVancouver('B', 800);
    const { databaseUrl, redisUrl, redisKeyPrefix, apiKeyPepper } = app.settings;
    const killed = Program.run('dist/src/worker.js', [], {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      REDIS_KEY_PREFIX: redisKeyPrefix,
      API_KEY_PEPPER: apiKeyPepper,
      LOG_LEVEL: 'warn',
      DIALER: 'simulated',
    });
    await eventually(async () => expect((await movedInVancouver('B')).moved).toBeGreaterThan(20), 90_000);
    await killed.end('SIGKILL');
    // PostgreSQL ends the session, and with it the lock, when it sees that nobody is there.
    const before = await movedInVancouver('B');
    expect(before.moved).toBeLessThan(800);

    await aWorker();

    expect(await movedInVancouver('B')).toEqual({ moved: 800, moves: 800, twice: 0 });
  });

  it('leaves a row that somebody holds to the next one, and does the others', async () => {
    const [held, other, same] = [await app.create(VANCOUVER), await app.create(VANCOUVER), await app.create(NEW_YORK)];
    const holder = app.database.createQueryRunner();
    await holder.startTransaction();
    await holder.query('select from batch_jobs where id = any ($1) for update', [[held, same]]);

    expect(await aWatcher().look()).toEqual(looked({ moved: 1, left: 2 }));
    expect([await startsAt(held), await startsAt(other)]).toEqual([BEFORE, AFTER]);
    expect(log.of('zone rules not followed')).toEqual([{ reason: 'UnavailableError', batchJobId: held }]);

    await holder.rollbackTransaction();
    await holder.release();
    expect(await aWatcher().look()).toEqual(looked({ moved: 1, confirmed: 1 }));
  });
});

describe('a rival', () => {
  it.each([
    ['reschedules', (id: string) => app.reschedule(id, NEW_YORK), VANCOUVER],
    ['reschedules what would stay', (id: string) => app.reschedule(id, VANCOUVER), NEW_YORK],
    ['cancels', (id: string) => app.post(`/batch/jobs/${id}/cancel`), VANCOUVER],
    ['starts', (id: string) => app.post(`/batch/jobs/${id}/start`), VANCOUVER],
    [
      'moves by yet newer rules',
      (id: string) => app.database.query(`update batch_jobs set tzdb_version = '2099a' where id = $1`, [id]),
      VANCOUVER,
    ],
  ])('that %s between the look and the move wins', async (_what, rival, schedule) => {
    const id = await app.create(schedule);
    let theirs: object = {};
    const afterRead = async () => {
      await rival(id);
      theirs = { everything: await app.everything() };
    };
    const repository = new Interrupted({ afterRead });

    expect(await aWatcher({ repository }).look()).toEqual(looked({ left: 1 }));

    expect({ everything: await app.everything() }).toEqual(theirs);
  });

  it('look at the same time changes nothing, and says so', async () => {
    await app.create(VANCOUVER);
    const before = await app.everything();

    await new TimeRulesRepository(database()).alone(async () => {
      expect(await aWatcher().look()).toBeNull();
    });

    expect(await app.everything()).toEqual(before);
    expect(await aWatcher().look()).toEqual(looked({ moved: 1 }));
  });
});

describe('a start that would move into the past', () => {
  const claim = (id: string) =>
    new BatchRunner(app.app.get(ScheduleRepository, { strict: false }), NO_DISPATCH, new Metrics(), app.settings).start(
      { batchJobId: id, revision: 2 },
      'timer',
      new AbortController().signal,
    );

  it.each([
    ['the setting, 60 minutes', null, '2026-12-01T16:59:00Z'],
    ['its own limit', 5, '2026-12-01T16:04:00Z'],
    ['no limit at all', 0, '2026-12-01T16:59:00Z'],
  ])('starts now when it is no later than %s allows', async (_what, maxLateStartMinutes, now) => {
    const id = await app.create({ ...VANCOUVER, maxLateStartMinutes });
    await app.setNow(now);

    expect(await aWatcher().look()).toEqual(looked({ moved: 1 }));

    const due = await startsAt(id);
    expect(Date.parse(due ?? '') - Date.parse(now)).toBeGreaterThanOrEqual(0);
    expect(Date.parse(due ?? '') - Date.parse(now)).toBeLessThan(60_000);
    expect(await claim(id)).toMatchObject({ outcome: 'started' });
    expect((await rows.history(id)).map(({ action }) => action)).toEqual(['created', 'rescheduled', 'started']);
  });

  it.each([
    ['the setting, 60 minutes', null, '2026-12-01T17:00:01Z'],
    ['its own limit', 5, '2026-12-01T16:05:01Z'],
  ])('is missed when it is later than %s allows', async (_what, maxLateStartMinutes, now) => {
    const id = await app.create({ ...VANCOUVER, maxLateStartMinutes });
    await app.setNow(now);

    expect(await aWatcher().look()).toEqual(looked({ missed: 1 }));

    const row = await rows.row(id);
    expect(row).toMatchObject({ status: 'failed', failureReason: 'start_window_missed', startedAt: null });
    expect([row.completedAt, row.startsAt]).toEqual([expect.any(Date), new Date(AFTER)]);
    const [, missed, ...further] = await rows.history(id);
    expect(further).toEqual([]);
    expect(missed).toMatchObject({ action: 'missed', actor: 'system', reason: 'time_rules_changed' });
    expect(await rows.starts(id)).toEqual([]);
    expect(log.of('batch missed its start')).toMatchObject([{ batchJobId: id }]);
    expect(await app.delayed()).toEqual(new Map());
  });
});

describe('a wall time that was to be rejected if it were skipped or repeated', () => {
  it('is taken as compatible when newer rules skip it, with a warning', async () => {
    // Rules that skip it: Vancouver's clocks jump from 09:00 to 10:00 that morning.
    const skips = new ZoneRules({
      dataVersion: '2099a',
      names: () => ['America/Vancouver'],
      zone: (name) => ({ name, utcOffset: (instantMs) => (instantMs >= Date.parse(BEFORE) ? 420 : 480) }),
    });
    const id = await app.create({
      ...VANCOUVER,
      scheduledStartTime: '2026-12-01T09:30:00',
      disambiguation: 'reject',
    });
    await app.database.query(`update batch_jobs set starts_at = starts_at - interval '5 minutes' where id = $1`, [id]);

    expect(await aWatcher({ rules: skips }).look()).toEqual(looked({ moved: 1 }));

    expect(await rows.row(id)).toMatchObject({
      startsAt: new Date('2026-12-01T17:30:00Z'),
      localStartTime: '2026-12-01T09:30:00',
      disambiguation: 'reject',
    });
    expect(log.of('wall time taken as compatible')).toEqual([
      { batchJobId: id, timezone: 'America/Vancouver', localTime: '2026-12-01T09:30:00' },
    ]);
  });
});

describe('a process with older rules', () => {
  it('moves nothing back, and warns once', async () => {
    const id = await app.create(VANCOUVER);
    await aWatcher().look();
    const before = await app.everything();
    log.forget();

    const older = aWatcher({ rules: RULES_2026A });
    expect([await older.look(), await older.look()]).toEqual([looked({}), looked({})]);

    expect(await app.everything()).toEqual(before);
    expect(await startsAt(id)).toBe(AFTER);
    expect(log.of('zone rules are older than those of schedules')).toEqual([
      { tzdbVersion: '2026a', newest: ZONE_RULES.version },
    ]);
  });
});

describe('a schedule that newer rules cannot read', () => {
  it('keeps its instant and its version, keeps no other from moving, and is told once', async () => {
    const [unreadable, other] = [await app.create(VANCOUVER), await app.create(VANCOUVER)];
    await app.database.query(`update batch_jobs set timezone = 'America/Gone' where id = $1`, [unreadable]);

    const watcher = aWatcher();
    expect(await watcher.look()).toEqual(looked({ moved: 1, left: 1 }));
    expect(await watcher.look()).toEqual(looked({ left: 1 }));

    expect(await startsAt(other)).toBe(AFTER);
    expect(await rows.row(unreadable)).toMatchObject({ startsAt: new Date(BEFORE), revision: 1, tzdbVersion: '2026a' });
    expect(log.of('schedule not understood by the zone rules')).toMatchObject([{ reason: 'invalid_timezone' }]);
  });
});

describe('TIME_RULES_CHANGE=report', () => {
  it('changes nothing, and logs each schedule that would move once, and a summary', async () => {
    const moves = await app.create(VANCOUVER);
    await app.create(NEW_YORK);
    const before = await app.everything();

    const watcher = aWatcher({ settings: { timeRulesChange: 'report' } });
    await watcher.look();
    await watcher.look();

    expect(await app.everything()).toEqual(before);
    expect(log.of('schedule would move with the zone rules')).toEqual([
      {
        batchJobId: moves,
        revision: 1,
        timezone: 'America/Vancouver',
        localTime: '2026-12-01T09:00:00',
        startsAtBefore: new Date(BEFORE),
        tzdbVersionBefore: '2026a',
        meansNow: new Date(AFTER),
        tzdbVersion: ZONE_RULES.version,
      },
    ]);
    expect(log.of('schedules stay, whatever the zone rules say')).toEqual([
      { tzdbVersion: ZONE_RULES.version, ofOlderRules: 2, wouldMove: 1 },
    ]);
  });
});

describe('without Redis', () => {
  it('schedules move all the same, and only the first few wait for it', async () => {
    for (let jobs = 0; jobs < 12; jobs += 1) await app.create(VANCOUVER);
    let asked = 0;
    const scheduler = {
      rearm: async () => {
        asked += 1;
        return { oldJobCancelled: false, isArmed: false };
      },
    };

    expect(await aWatcher({ scheduler: scheduler as never }).look()).toEqual(looked({ moved: 12 }));

    expect(asked).toBe(5);
  });
});
