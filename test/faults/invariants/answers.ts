import type { Evidence, RequestRecord } from '../evidence.js';

/** What a request may be refused with because of the state of its batch, or because its time has just passed. */
const REFUSALS = ['invalid_status', 'past_scheduled_time', 'already_running', 'already_terminal'];

// PostgreSQL is waited for 2 s for a session and 6 s for an answer, and tried three times at most.
const PATIENCE_MS = 25_000;

// A machine that is overloaded gives no session within 2 s here and there; a service that needs what is away refuses more.
const OVERLOAD_SHARE = 0.25;

/** How requests may be answered: no 5xx but 503, and that rarely where neither PostgreSQL nor the API is disturbed. */
export function answerViolations({ batches, mayRefuse }: Evidence): string[] {
  const requests = batches.flatMap((batch) => batch.requests);
  const unavailable = requests.filter(({ answer }) => answer?.status === 503).length;
  const isTooOften = !mayRefuse && unavailable > OVERLOAD_SHARE * requests.length;
  return [
    ...(isTooOften ? [`${unavailable} of ${requests.length} requests were answered with 503`] : []),
    ...batches.flatMap(({ name, requests: own }) =>
      own.flatMap((request) => [...ofRequest(request, mayRefuse)].map((said) => `${name}: ${said}`)),
    ),
  ];
}

function* ofRequest({ verb, sentAt, answer }: RequestRecord, mayRefuse: boolean) {
  if (!answer) {
    if (!mayRefuse) yield `${verb} was not answered`;
    return;
  }
  const { status, code, at } = answer;
  const isRefusal = status >= 400 && status < 500 && REFUSALS.includes(code ?? '');
  if (status !== 200 && status !== 503 && !isRefusal) yield `${verb} was answered with ${status} ${code}`;
  if (at - sentAt > PATIENCE_MS) yield `${verb} was answered after ${at - sentAt} ms`;
}
