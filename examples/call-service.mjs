// A call service for DIALER=http: takes calls, "speaks" for three seconds, and reports. `docs/dialers.md` explains it.
// HTTP_DIALER_SECRET=whsec_… API_KEY=bj_live_… node examples/call-service.mjs
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const { HTTP_DIALER_SECRET, API_KEY, JOBS_URL = 'http://127.0.0.1:3000', PORT = '4000' } = process.env;
const webhook = new Webhook(HTTP_DIALER_SECRET);
const calls = new Map(); // callId → {} while it goes on, then its outcome

createServer(async (request, response) => {
  const answer = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  let body = '';
  for await (const chunk of request) body += chunk;
  try {
    webhook.verify(body, request.headers); // over an empty body for a GET
  } catch {
    return answer(401, { code: 'invalid_signature' });
  }

  if (request.method === 'GET') {
    const call = calls.get(request.url.split('/').at(-1));
    if (!call) return answer(404, {});
    return answer(200, call.outcome ? call : { status: 'in_progress' });
  }

  const { callId, toPhoneNumber, contactData } = JSON.parse(body);
  if (toPhoneNumber.startsWith('+1900')) return answer(200, { outcome: 'blocked', reason: 'premium_number' });
  if (!calls.has(callId)) {
    calls.set(callId, {}); // the same id never dials twice
    setTimeout(() => void hangUp(callId), 3_000);
    console.log(`calling ${contactData.name ?? 'somebody'}`);
  }
  return answer(202, { providerCallId: callId, roomName: 'example' });
}).listen(Number(PORT), () => console.log(`call service listens on ${PORT}`));

async function hangUp(callId) {
  const call = { outcome: 'answered', durationSeconds: 3 };
  calls.set(callId, call);
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(call) };
  const reported = await fetch(`${JOBS_URL}/batch/calls/${callId}/outcome`, init).catch(() => null);
  if (!reported || reported.status === 429 || reported.status >= 500) {
    setTimeout(() => void hangUp(callId), 5_000); // repeating is harmless
  } else if (!reported.ok) {
    console.error(`report refused: ${await reported.text()}`); // the outcome is kept, and told when it is asked for
  }
}
