import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { TimeRulesRepository, type FollowResult } from '../batch-jobs/time-rules.repository.js';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { WallTimeSchedule } from '../batch-jobs/time-rules.statements.js';
import type { ResolvedSchedule } from '../batch-jobs/schedule.js';
import { Recurring } from '../shared/recurring.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';
import { readAgain } from './time-rules.js';
import { TimezoneService } from './timezone.service.js';

// Finds what a process with older rules writes during a rolling restart, long before it is due in all but a few cases.
const LOOK_INTERVAL_MS = 5 * 60_000;

// A worker that boots beside one that is at it waits for it before it starts anything, but not for ever.
const BOOT_TURNS = 100;
const BOOT_TURN_MS = 100;

const PAGE = 500;

// As many as a worker claims at once: the pool has room for them.
const AT_ONCE = 5;

/** What one look did, in schedules. */
export interface Looked {
  moved: number;
  missed: number;
  /** Mean the same instant as before. */
  confirmed: number;
  /** Unreadable, changed or held by somebody meanwhile: looked at again the next time. */
  left: number;
}

/** A schedule whose wall time means another instant than before. */
interface Move {
  readonly schedule: WallTimeSchedule;
  readonly resolved: ResolvedSchedule;
}

/**
 * Keeps the wall time of every schedule when the rules of its zone change: the instant moves.
 *
 * The first look of a worker comes before it starts anything, so that no batch starts at an hour which the rules no longer
 * mean. Rules older than those recorded move nothing back. With `TIME_RULES_CHANGE=report` nothing moves at all, and each
 * schedule that would is logged once.
 */
@Injectable()
export class TimeRulesWatcher implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TimeRulesWatcher.name);
  readonly watching = new Recurring(
    'time_rules',
    (signal) => this.lookOrReport(signal).then(() => undefined),
    LOOK_INTERVAL_MS,
  );
  /** Schedules of which it was told that the rules do not know their zone, or their wall time. */
  private readonly toldUnreadable = new Set<BatchJobId>();
  /** Versions of rules that are newer than those of this process, and were told. */
  private readonly toldNewer = new Set<string>();
  private hasReported = false;
  /** As far as this look knows. */
  private isQueueThere = true;

  constructor(
    private readonly rows: TimeRulesRepository,
    private readonly timezones: TimezoneService,
    private readonly scheduler: SchedulerGateway,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Consumer and sweep begin with the application's bootstrap, which is after this. */
  async onModuleInit(): Promise<void> {
    for (let turns = 0; turns < BOOT_TURNS && (await this.lookOrReport()) === 'busy'; turns += 1) {
      if (turns === 0) this.logger.log('zone rules are busy', {});
      await sleep(BOOT_TURN_MS);
    }
  }

  onApplicationBootstrap(): void {
    this.watching.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.watching.stop();
  }

  /**
   * One look at every schedule that older rules computed. May end at any point, by the signal or by a crash: what is not
   * done is found by the next look.
   *
   * @returns null when another process is at it
   */
  async look(signal?: AbortSignal): Promise<Looked | null> {
    await this.noteNewerRules();
    return this.rows.alone(() =>
      this.settings.timeRulesChange === 'move' ? this.followAll(signal) : this.reportAll(signal),
    );
  }

  private async followAll(signal?: AbortSignal): Promise<Looked> {
    const looked: Looked = { moved: 0, missed: 0, confirmed: 0, left: 0 };
    this.isQueueThere = true;
    for await (const page of this.pages(signal)) {
      const { moves, stays } = this.readAgain(page);
      const confirmed = await this.rows.confirm(stays, this.timezones.tzdbVersion);
      looked.confirmed += confirmed;
      looked.left += page.length - moves.length - confirmed;
      for (let at = 0; at < moves.length; at += AT_ONCE) {
        if (signal?.aborted) break;
        const results = await Promise.all(moves.slice(at, at + AT_ONCE).map((move) => this.followOrReport(move)));
        for (const { outcome } of results) looked[outcome === 'overtaken' ? 'left' : outcome] += 1;
        await this.rearm(results);
      }
    }
    if (Object.values(looked).some((schedules) => schedules > 0)) {
      this.logger.log('schedules follow the zone rules', { tzdbVersion: this.timezones.tzdbVersion, ...looked });
    }
    return looked;
  }

  /** Says what `followAll` would do, once for each process. */
  private async reportAll(signal?: AbortSignal): Promise<Looked> {
    const looked: Looked = { moved: 0, missed: 0, confirmed: 0, left: 0 };
    if (this.hasReported) return looked;
    this.hasReported = true;
    let wouldMove = 0;
    for await (const page of this.pages(signal)) {
      const { moves } = this.readAgain(page);
      for (const move of moves) this.logger.warn('schedule would move with the zone rules', this.factsOf(move));
      wouldMove += moves.length;
      looked.left += page.length;
    }
    this.logger.log('schedules stay, whatever the zone rules say', {
      tzdbVersion: this.timezones.tzdbVersion,
      ofOlderRules: looked.left,
      wouldMove,
    });
    return looked;
  }

  private async *pages(signal?: AbortSignal): AsyncGenerator<WallTimeSchedule[]> {
    for (let afterId = ''; ;) {
      if (signal?.aborted) return;
      const page = await this.rows.listComputedBefore(this.timezones.tzdbVersion, afterId, PAGE);
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      afterId = page.at(-1)?.batchJobId ?? afterId;
    }
  }

  private readAgain(page: readonly WallTimeSchedule[]): { moves: Move[]; stays: WallTimeSchedule[] } {
    const moves: Move[] = [];
    const stays: WallTimeSchedule[] = [];
    for (const schedule of page) {
      const { batchJobId, timezone, localTime } = schedule;
      const verdict = readAgain(schedule, this.timezones);
      if (verdict.outcome === 'unreadable') {
        const facts = { batchJobId, timezone, localTime, reason: verdict.code };
        if (isFirst(this.toldUnreadable, batchJobId))
          this.logger.warn('schedule not understood by the zone rules', facts);
        continue;
      }
      if (verdict.isRefused) {
        this.logger.warn('wall time taken as compatible', { batchJobId, timezone, localTime });
      }
      if (verdict.outcome === 'moves') moves.push({ schedule, resolved: verdict.resolved });
      else stays.push(schedule);
    }
    return { moves, stays };
  }

  private async followOrReport(move: Move): Promise<FollowResult> {
    const { schedule, resolved } = move;
    try {
      const result = await this.rows.follow(schedule, resolved, this.settings.maxLateStartMinutes);
      if (result.outcome === 'moved') {
        const { revision, startsAt } = result.scheduled;
        this.logger.log('schedule moved with the zone rules', { ...this.factsOf(move), revision, startsAt });
      }
      if (result.outcome === 'missed') this.logger.error('batch missed its start', this.factsOf(move));
      return result;
    } catch (error) {
      this.report(error, schedule);
      return { outcome: 'overtaken' };
    }
  }

  /** Without Redis each would cost the gateway's patience: then the reconciler sets what is missing. */
  private async rearm(results: readonly FollowResult[]): Promise<void> {
    if (!this.isQueueThere) return;
    const isArmed = await Promise.all(
      results.map(async (result) => {
        if (result.outcome === 'overtaken') return true;
        const rearmed = await this.scheduler.rearm(result.ended, result.scheduled);
        return result.scheduled === null || rearmed.isArmed;
      }),
    );
    this.isQueueThere = isArmed.every(Boolean);
  }

  private factsOf({ schedule, resolved }: Move): object {
    const { batchJobId, revision, timezone, localTime, tzdbVersion: tzdbVersionBefore, startsAt } = schedule;
    const { startsAt: meansNow, tzdbVersion } = resolved;
    return {
      batchJobId,
      revision,
      timezone,
      localTime,
      startsAtBefore: startsAt,
      tzdbVersionBefore,
      meansNow,
      tzdbVersion,
    };
  }

  private async noteNewerRules(): Promise<void> {
    const { tzdbVersion } = this.timezones;
    const newest = await this.rows.findNewestVersion();
    if (newest === null || newest <= tzdbVersion || !isFirst(this.toldNewer, newest)) return;
    this.logger.warn('zone rules are older than those of schedules', { tzdbVersion, newest });
  }

  private async lookOrReport(signal?: AbortSignal): Promise<'busy' | 'over'> {
    try {
      return (await this.look(signal)) === null ? 'busy' : 'over';
    } catch (error) {
      this.report(error);
      return 'over';
    }
  }

  private report(error: unknown, schedule?: WallTimeSchedule): void {
    this.logger.warn('zone rules not followed', { reason: (error as Error).name, batchJobId: schedule?.batchJobId });
  }
}

/** Whether it was not among them; from now on it is. */
const isFirst = (told: Set<string>, what: string): boolean => told.size < told.add(what).size;
