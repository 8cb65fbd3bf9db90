import type { BatchRecord, RequestRecord } from '../evidence.js';

/** What a request may be refused with because of the state of its batch, or because its time has just passed. */
const REFUSALS = ['invalid_status', 'past_scheduled_time', 'already_running', 'already_terminal'];

// PostgreSQL is waited for 2 s for a session and 6 s for an answer, and tried three times at most.
const PATIENCE_MS = 25_000;

/** How requests may be answered: no 5xx but 503, and that only where PostgreSQL or the API itself is disturbed. */
export function answerViolations(batch: BatchRecord, mayRefuse: boolean): string[] {
  return batch.requests.flatMap((request) =>
    [...ofRequest(request, mayRefuse)].map((said) => `${batch.name}: ${said}`),
  );
}

function* ofRequest({ verb, sentAt, answer }: RequestRecord, mayRefuse: boolean) {
  if (!answer) {
    if (!mayRefuse) yield `${verb} was not answered`;
    return;
  }
  const { status, code, at } = answer;
  const isRefusal = status >= 400 && status < 500 && REFUSALS.includes(code ?? '');
  if (status === 503 && !mayRefuse) yield `${verb} was answered with 503`;
  if (status !== 200 && status !== 503 && !isRefusal) yield `${verb} was answered with ${status} ${code}`;
  if (at - sentAt > PATIENCE_MS) yield `${verb} was answered after ${at - sentAt} ms`;
}
