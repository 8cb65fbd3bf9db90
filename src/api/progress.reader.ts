import { HttpStatus, Injectable, type StreamableFile } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import { ProgressService } from '../scheduling/progress.service.js';
import type { Caller } from '../shared/caller.js';
import { Clock } from '../shared/clock.js';
import { END_ID, type LastEvent } from './last-event-id.decorator.js';
import { toEvents } from './progress-events.js';
import { rawResponse, type AdapterResponse } from './raw-request.js';
import { textStream } from './text-stream.js';

/** Opens streams of what happens to a batch job. */
@Injectable()
export class ProgressReader {
  constructor(
    private readonly progress: ProgressService,
    private readonly clock: Clock,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * @param lastEvent up to where the client has been told
   * @param response of the adapter
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
    rawResponse(response).once('close', () => gone.abort());
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
    return textStream(toEvents(news), { type: 'text/event-stream' });
  }
}
