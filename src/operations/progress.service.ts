import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { Course } from '../batch-jobs/estimate.statements.js';
import { isTerminal, type BatchJobStatus } from '../batch-jobs/batch-job.status.js';
import { BatchJobsRepository } from '../batch-jobs/batch-jobs.repository.js';
import { ProgressRepository } from '../batch-jobs/progress.repository.js';
import type { CallPosition, EndedCall, Progress } from '../batch-jobs/progress.statements.js';
import type { Caller } from '../shared/caller.js';
import { requestContext } from '../shared/request-context.js';
import { EstimatesService } from './estimates.service.js';
import { ProgressFeed } from './progress.feed.js';

const HEARTBEAT_MS = 15_000;

/** What a watcher is told. The first three say up to where he has been told of calls that ended. */
export type ProgressNews =
  | { readonly kind: 'status'; readonly position: CallPosition; readonly progress: Progress }
  | {
      readonly kind: 'counters';
      readonly position: CallPosition;
      readonly progress: Progress;
      /** Null while it does not run or nothing is processed. */
      readonly estimatedCompletionAt: Date | null;
    }
  | { readonly kind: 'outcomes'; readonly position: CallPosition; readonly calls: readonly EndedCall[] }
  /** Nothing more will come. */
  | { readonly kind: 'end'; readonly status: BatchJobStatus | 'deleted' }
  /** Another 15 s have passed: the stream lives. */
  | { readonly kind: 'heartbeat' };

/** What one watcher has been told. */
interface Told {
  position: CallPosition | null;
  status: string;
  counters: string;
}

/** Tells what happens to batch jobs while it happens. */
@Injectable()
export class ProgressService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ProgressService.name);
  private readonly feeds = new Map<BatchJobId, ProgressFeed>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly batchJobs: BatchJobsRepository,
    private readonly progress: ProgressRepository,
    private readonly estimates: EstimatesService,
  ) {
    // One for each watcher.
    setMaxListeners(0, this.stopping.signal);
  }

  /**
   * What is, and then what changes, until the job has ended and its last call too. A watcher that does not ask for the
   * next piece of news gets the latest when it does, and every call that ended.
   *
   * While PostgreSQL is away nothing is told, and afterwards everything. The news stop when the process shuts down.
   *
   * @param after calls that ended after it are told. Null: from now on
   * @param signal the watcher is gone
   * @throws job_not_found  no such job in this organization; before anything is told
   */
  async watch(
    caller: Caller,
    id: BatchJobId,
    after: CallPosition | null,
    signal: AbortSignal,
  ): Promise<AsyncIterable<ProgressNews>> {
    await this.batchJobs.get(caller.organizationId, id);
    return this.follow(id, { position: after, status: '', counters: '' }, signal);
  }

  /** Ends all watching, so that connections can close. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.feeds.values()].map((feed) => feed.stop()));
  }

  private async *follow(id: BatchJobId, told: Told, signal: AbortSignal): AsyncGenerator<ProgressNews> {
    const bell = new Bell();
    const feed = this.join(id, bell.ring);
    let isDue = false;
    const beating = setInterval(() => {
      isDue = true;
      bell.ring();
    }, HEARTBEAT_MS);
    for (const each of [signal, this.stopping.signal]) each.addEventListener('abort', bell.ring, { once: true });
    try {
      while (!signal.aborted && !this.stopping.signal.aborted) {
        const heard = bell.heard();
        for await (const news of this.newsOf(feed, told)) {
          yield news;
          if (news.kind === 'end') return;
        }
        if (isDue) yield { kind: 'heartbeat' };
        isDue = false;
        await heard;
      }
    } finally {
      clearInterval(beating);
      for (const each of [signal, this.stopping.signal]) each.removeEventListener('abort', bell.ring);
      this.leave(id, feed, bell.ring);
    }
  }

  private async *newsOf(feed: ProgressFeed, told: Told): AsyncGenerator<ProgressNews> {
    const { view } = feed;
    if (!view) return;
    const { progress, course } = view;
    if (!progress) {
      yield { kind: 'end', status: 'deleted' };
      return;
    }

    // Never an instant: a call that ended before it may be committed after it.
    const position = (told.position ??= progress.latestEnded);
    yield* this.changesIn(progress, course, told, position);
    const isTold = yield* this.callsOf(feed, told, position);
    const isOver = isTerminal(progress.status) && progress.isSettled && isTold && feed.view === view;
    if (isOver) yield { kind: 'end', status: progress.status };
  }

  private *changesIn(
    progress: Progress,
    course: Course | null,
    told: Told,
    position: CallPosition,
  ): Generator<ProgressNews> {
    const { status, startsAt, startedAt, completedAt, failureReason, pauseReason, counts, totalContacts } = progress;
    const statusNow = JSON.stringify([status, startsAt, startedAt, completedAt, failureReason, pauseReason]);
    const countersNow = JSON.stringify([counts, totalContacts]);
    const isNewStatus = statusNow !== told.status;
    if (isNewStatus) yield { kind: 'status', position, progress };
    // The estimate moves with every second: that alone is no news.
    if (isNewStatus || countersNow !== told.counters) {
      const estimatedCompletionAt = this.estimates.completionAt(progress, counts, course);
      yield { kind: 'counters', position, progress, estimatedCompletionAt };
    }
    Object.assign(told, { status: statusNow, counters: countersNow });
  }

  /** @returns whether all were told; not while PostgreSQL is away */
  private async *callsOf(feed: ProgressFeed, told: Told, from: CallPosition): AsyncGenerator<ProgressNews, boolean> {
    for (let position = from; ;) {
      const calls = await feed.callsAfter(position).catch((error: unknown) => this.report(error));
      if (!calls) return false;
      const last = calls.at(-1);
      if (!last) return true;
      told.position = position = { endedAt: last.endedAt, callId: last.callId };
      yield { kind: 'outcomes', position, calls };
    }
  }

  private join(id: BatchJobId, wake: () => void): ProgressFeed {
    const feed = this.feeds.get(id) ?? this.begin(id);
    this.feeds.set(id, feed);
    feed.join(wake);
    return feed;
  }

  /** Reads on nobody's behalf: the request that was first to watch may be over long before. */
  private begin(id: BatchJobId): ProgressFeed {
    const readCourse = (progress: Progress) => this.estimates.readCourse(id, progress, progress.counts);
    return requestContext.exit(() => new ProgressFeed(id, this.progress, readCourse, (error) => this.report(error)));
  }

  private leave(id: BatchJobId, feed: ProgressFeed, wake: () => void): void {
    feed.leave(wake);
    if (feed.isWatched) return;
    this.feeds.delete(id);
    void feed.stop();
  }

  private report(error: unknown): null {
    this.logger.debug('progress not read', { reason: (error as Error).name });
    return null;
  }
}

/** Wakes whoever waits, and whoever will wait for a ring that came since he asked. */
class Bell {
  private hear: () => void = () => undefined;

  readonly ring = (): void => this.hear();

  /** Resolves with the next ring from now on. */
  heard(): Promise<void> {
    return new Promise((resolve) => (this.hear = resolve));
  }
}
