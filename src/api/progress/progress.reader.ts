import { HttpStatus, Injectable, type StreamableFile } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { EventStreamLimit } from '../../access/at-once.limit.js';
import { ApiKeysService } from '../../access/api-keys.service.js';
import type { BatchJobId } from '../../batch-jobs/batch-job.entity.js';
import { ProgressService, type ProgressNews } from '../../operations/progress.service.js';
import type { Caller } from '../../shared/caller.js';
import { Clock } from '../../shared/clock.js';
import { UnavailableError } from '../../shared/unavailable.error.js';
import { END_ID, type LastEvent } from './last-event-id.decorator.js';
import { toEvents } from './progress-events.js';
import { whenOver, type AdapterResponse } from '../http/raw-request.js';
import { textStream } from '../http/text-stream.js';

/** Opens streams of what happens to a batch job. */
@Injectable()
export class ProgressReader {
  constructor(
    private readonly progress: ProgressService,
    private readonly apiKeys: ApiKeysService,
    private readonly limit: EventStreamLimit,
    private readonly clock: Clock,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * The stream ends, without an `end`, at the first heartbeat after the caller's key was revoked or has expired.
   *
   * @param caller by an API key
   * @param lastEvent up to where the client has been told
   * @param response of the adapter
   * @throws too_many_at_once  the key, or the service, has as many streams open as may be
   * @returns undefined, with the status 204, for a client that has been told everything: an `EventSource` stops then
   */
  async open(
    caller: Caller,
    batchJobId: BatchJobId,
    lastEvent: LastEvent,
    response: AdapterResponse,
  ): Promise<StreamableFile | undefined> {
    const gone = new AbortController();
    // The stream itself closes later: it waits for the piece that it has asked for.
    const giveBack = this.limit.take(caller.actor);
    whenOver(response, () => {
      gone.abort();
      giveBack();
    });
    const after =
      lastEvent === null || lastEvent === END_ID
        ? null
        : { endedAt: this.clock.at(lastEvent.endedAtMs), callId: lastEvent.callId };
    const news = await this.progress.watch(caller, batchJobId, after, gone.signal);
    const { httpAdapter } = this.adapterHost;
    if (lastEvent === END_ID) {
      httpAdapter.status(response, HttpStatus.NO_CONTENT);
      return undefined;
    }
    // No proxy may keep events back.
    httpAdapter.setHeader(response, 'Cache-Control', 'no-store, no-transform');
    httpAdapter.setHeader(response, 'X-Accel-Buffering', 'no');
    return textStream(toEvents(this.whileInForce(caller.actor, news)), { type: 'text/event-stream' });
  }

  private async *whileInForce(keyId: string, news: AsyncIterable<ProgressNews>): AsyncGenerator<ProgressNews> {
    for await (const each of news) {
      if (each.kind === 'heartbeat' && !(await this.isInForce(keyId))) return;
      yield each;
    }
  }

  /** While PostgreSQL is away nothing is told that would need a key. */
  private async isInForce(keyId: string): Promise<boolean> {
    try {
      return await this.apiKeys.isInForce(keyId);
    } catch (error) {
      if (error instanceof UnavailableError) return true;
      throw error;
    }
  }
}
