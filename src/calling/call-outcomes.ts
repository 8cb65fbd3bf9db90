import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import { UNKNOWN_OUTCOME, type CallEnd } from '../batch-jobs/call.outcome.js';
import type { CallSnooze } from '../batch-jobs/call.snooze.js';
import { CallsRepository, isCallId, type RetryDelays } from '../batch-jobs/calls.repository.js';
import type { EndedRow } from '../batch-jobs/call-ends.statements.js';
import { CallNotFoundError } from '../batch-jobs/errors.js';
import { CallsGateway } from '../queue/calls.gateway.js';
import { Metrics } from '../shared/metrics.js';
import { DIALER_NAME } from '../shared/platform.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { CallSetbacks } from './call-setbacks.js';
import { MAX_CODE_LENGTH, MAX_REASON_LENGTH } from './dialers/end.reader.js';
import { Dispatcher } from './dispatcher.js';

const MINUTE_MS = 60_000;

// The person may just have been spoken to: calling twice is worse than calling later (docs/decisions/0019-calls.md).
const AFTER_UNKNOWN_MS = 5 * MINUTE_MS;

/** What became of a report. */
export type RecordedCall = Omit<EndedRow, 'callId' | 'organizationId'>;

/** Takes the outcomes of calls, from whoever knows them: a dialer's answer, a callback, a host application. */
@Injectable()
export class CallOutcomes {
  private readonly logger = new Logger(CallOutcomes.name);

  constructor(
    private readonly calls: CallsRepository,
    private readonly setbacks: CallSetbacks,
    private readonly dispatcher: Dispatcher,
    private readonly gateway: CallsGateway,
    private readonly metrics: Metrics,
    @Inject(DIALER_NAME) private readonly dialer: string | null,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Ends a call: its slot is free, and its contact has ended or waits for the next call. The first report counts; a
   * further one changes nothing and is no error, but for one that comes after the outcome was taken for unknown.
   *
   * A call that is snoozed is given back instead: its contact waits as before (`contactStatus`), its batch slows down,
   * and from then on there is no such call.
   *
   * @param organizationId only a call of this one; null: of any, for who has proved to be the provider
   * @param batchJobId of the call, from who knows it. Null: it is looked up
   * @throws call_not_found  there is no such call, or it was given back
   * @throws unavailable     PostgreSQL cannot be reached; report it again
   */
  async record(
    callId: string,
    told: CallEnd | CallSnooze,
    organizationId: string | null = null,
    batchJobId: BatchJobId | null = null,
  ): Promise<RecordedCall> {
    if (!isCallId(callId)) throw new CallNotFoundError();
    const recorded =
      told.outcome === 'snoozed'
        ? await this.setbacks.snooze(callId, { ...told, errorCode: fitText(told.errorCode) }, organizationId)
        : await this.end(callId, fit(told), organizationId, batchJobId);
    if (!recorded) throw new CallNotFoundError();
    const { batchJobId: ofBatch, attempt, isNew, contactStatus, nextRetryAt } = recorded;
    return { batchJobId: ofBatch, attempt, isNew, contactStatus, nextRetryAt };
  }

  private async end(
    callId: string,
    end: CallEnd,
    organizationId: string | null,
    batchJobId: BatchJobId | null,
  ): Promise<EndedRow | null> {
    const ended = await this.calls.end({ callId, batchJobId, end, retry: this.delaysAfter(end), organizationId });
    if (!ended) return null;
    this.report(callId, end, ended);
    if (!ended.isNew) return ended;
    this.metrics.countCall(end.outcome);
    this.dispatcher.request(ended.organizationId);
    if (ended.nextRetryAt) void this.gateway.requestDispatchAt(ended.organizationId, ended.nextRetryAt);
    return ended;
  }

  private delaysAfter({ reason }: CallEnd): RetryDelays {
    return {
      delaysMs: this.settings.retryDelaysMinutes.map((minutes) => minutes * MINUTE_MS),
      leastMs: reason === UNKNOWN_OUTCOME ? AFTER_UNKNOWN_MS : 0,
    };
  }

  private report(callId: string, { outcome, errorCode, reason }: CallEnd, recorded: RecordedCall): void {
    const { batchJobId, attempt, contactStatus } = recorded;
    const facts = { callId, batchJobId, attempt, outcome, errorCode, reason, contactStatus, dialer: this.dialer };
    if (recorded.isNew) this.logger.log('call ended', facts);
    else this.logger.debug('call has ended already', facts);
  }
}

const fitText = (text: string | null, maxLength = MAX_CODE_LENGTH): string | null =>
  text === null ? null : text.replace(/[\0\p{Cs}]/gu, '').slice(0, maxLength);

/** As it can be kept, whatever a dialer or a host application has put into it. */
const fit = ({ outcome, durationSeconds, errorCode, reason, roomName, providerCallId }: CallEnd): CallEnd => ({
  outcome,
  durationSeconds: durationSeconds === null ? null : Math.max(0, Math.round(durationSeconds)),
  errorCode: fitText(errorCode),
  reason: fitText(reason, MAX_REASON_LENGTH),
  roomName: fitText(roomName),
  providerCallId: fitText(providerCallId),
});
