import { Inject, Injectable, Logger } from '@nestjs/common';
import { UNKNOWN_OUTCOME, type CallEnd } from '../batch-jobs/call.outcome.js';
import type { CallSnooze } from '../batch-jobs/call.snooze.js';
import { CallsRepository, isCallId, type RetryDelays } from '../batch-jobs/calls.repository.js';
import type { EndedRow } from '../batch-jobs/calls.statements.js';
import { CallNotFoundError } from '../batch-jobs/errors.js';
import { CallsGateway } from '../scheduling/calls.gateway.js';
import { Metrics } from '../shared/metrics.js';
import { DIALER_NAME } from '../shared/platform.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { Dispatcher } from './dispatcher.js';

const MINUTE_MS = 60_000;

// The person may just have been spoken to (calls.md, section 3: calling twice is worse than calling later).
const AFTER_UNKNOWN_MS = 5 * MINUTE_MS;

/** What became of a report. */
export type RecordedCall = Omit<EndedRow, 'callId' | 'organizationId'>;

/** Takes the outcomes of calls, from whoever knows them: a dialer's answer, a callback, a host application. */
@Injectable()
export class CallOutcomes {
  private readonly logger = new Logger(CallOutcomes.name);

  constructor(
    private readonly calls: CallsRepository,
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
   * @param organizationId only a call of this one; null: of any, for who has proved to be the provider
   * @throws call_not_found  there is no such call
   * @throws unavailable     PostgreSQL cannot be reached; report it again
   */
  async record(
    callId: string,
    told: CallEnd | CallSnooze,
    organizationId: string | null = null,
  ): Promise<RecordedCall> {
    if (told.outcome === 'snoozed') throw new Error(told.outcome);
    const end = fit(told);
    const ended = isCallId(callId)
      ? await this.calls.end({ callId, end, retry: this.delaysAfter(end), organizationId })
      : null;
    if (!ended) throw new CallNotFoundError();
    const { organizationId: ofOrganization, batchJobId, attempt, isNew, contactStatus, nextRetryAt } = ended;
    const recorded: RecordedCall = { batchJobId, attempt, isNew, contactStatus, nextRetryAt };
    this.report(callId, end, recorded);
    if (!recorded.isNew) return recorded;
    this.metrics.countCall(end.outcome);
    this.dispatcher.request(ofOrganization);
    if (recorded.nextRetryAt) void this.gateway.requestDispatchAt(ofOrganization, recorded.nextRetryAt);
    return recorded;
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

const MAX_TEXT_LENGTH = 200;

const fitText = (text: string | null): string | null =>
  text === null ? null : text.replace(/[\0\p{Cs}]/gu, '').slice(0, MAX_TEXT_LENGTH);

/** As it can be kept, whatever a dialer or a host application has put into it. */
const fit = ({ outcome, durationSeconds, errorCode, reason, roomName, providerCallId }: CallEnd): CallEnd => ({
  outcome,
  durationSeconds: durationSeconds === null ? null : Math.max(0, Math.round(durationSeconds)),
  errorCode: fitText(errorCode),
  reason: fitText(reason),
  roomName: fitText(roomName),
  providerCallId: fitText(providerCallId),
});
