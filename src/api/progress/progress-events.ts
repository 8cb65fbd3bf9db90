import { summarize } from '../../batch-jobs/status-counts.js';
import type { EndedCall, Progress } from '../../batch-jobs/progress.statements.js';
import type { ProgressNews } from '../../operations/progress.service.js';
import { toUtc, toUtcOrNull } from '../../shared/utc.js';
import { toBreakdown } from '../batches/detail.response.js';
import { END_ID, toEventId } from './last-event-id.decorator.js';

// How long a browser waits before it connects again: long enough for a process that is just being restarted.
const RETRY_MS = 2_000;

/** News as server-sent events. Names and data of the events are described in docs/progress-events.md. */
export async function* toEvents(news: AsyncIterable<ProgressNews>): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const each of news) yield toEvent(each);
}

const toEvent = (news: ProgressNews): string => {
  if (news.kind === 'heartbeat') return ': heartbeat\n\n';
  if (news.kind === 'end') return format('end', END_ID, { status: news.status });
  return format(news.kind, toEventId(news.position), dataOf(news));
};

const dataOf = (news: Exclude<ProgressNews, { kind: 'heartbeat' | 'end' }>): object => {
  switch (news.kind) {
    case 'status':
      return statusOf(news.progress);
    case 'counters':
      return countersOf(news.progress, news.estimatedCompletionAt);
    default:
      return { calls: news.calls.map(callOf) };
  }
};

const statusOf = ({ status, startsAt, startedAt, completedAt, failureReason, pauseReason }: Progress) => ({
  status,
  scheduledStartTime: toUtcOrNull(startsAt),
  actualStartTime: toUtcOrNull(startedAt),
  completedAt: toUtcOrNull(completedAt),
  failureReason,
  pauseReason,
});

const countersOf = ({ totalContacts, counts }: Progress, estimatedCompletionAt: Date | null) => ({
  totalContacts,
  ...summarize(counts),
  statusBreakdown: toBreakdown(counts),
  estimatedCompletionTime: toUtcOrNull(estimatedCompletionAt),
});

/** Nobody's number is in it. */
const callOf = ({ callId, contactId, attempt, outcome, durationSeconds, errorCode, endedAt }: EndedCall) => ({
  callId,
  contactId,
  attempt,
  outcome,
  durationSeconds,
  errorCode,
  endedAt: toUtc(endedAt),
});

/** JSON has no line break of its own, so the data are one line. */
const format = (event: string, id: string, data: object): string =>
  `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
