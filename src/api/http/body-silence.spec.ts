import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWhenSilent } from './body-silence.js';

const SILENCE_MS = 100;

/** Sends text to a server that reads every body and answers after `answerAfterMs`. @returns all that came back */
const talk = (sent: readonly string[], answerAfterMs = 0): Promise<string> =>
  talkTo(sent, (request, response) => {
    request.resume().once('end', () => void sleep(answerAfterMs).then(() => response.end('read')));
  });

/** Sends text to a server until one of both closes the connection. @returns all that came back */
async function talkTo(
  sent: readonly string[],
  answer: (...exchange: [...Parameters<RequestListener>, client: Socket]) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    endWhenSilent(request, response, SILENCE_MS);
    answer(request, response, socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const closed = once(socket, 'close');
  let received = '';
  socket.on('data', (bytes) => (received += String(bytes)));
  for (const text of sent) {
    socket.write(text);
    await sleep(SILENCE_MS / 2);
  }
  await closed;
  server.close();
  return received;
}

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';

describe('endWhenSilent', () => {
  it.each([
    ['of a known length', `${HEAD}Content-Length: 10\r\n\r\n123`],
    ['of chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n`],
    ['that never begins', `${HEAD}Content-Length: 10\r\n\r\n`],
  ])('answers a body %s that stops, and closes the connection', async (_what, text) => {
    const [head, body] = (await talk([text])).split('\r\n\r\n');

    expect(head).toMatch(/^HTTP\/1\.1 408 /);
    expect(head).toMatch(/^connection: close$/im);
    expect(body).toContain('"code":"request_timeout"');
  });

  it('lets a body that is only slow arrive', async () => {
    const slow = [`${HEAD}Content-Length: 5\r\n\r\n`, '1', '2', '3', '4', '5'];

    expect(await talk(slow)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('hears what arrived while this process was busy, however late', async () => {
    const received = await talkTo([`${HEAD}Content-Length: 1\r\n\r\n`], (request, response, client) => {
      setImmediate(() => {
        client.write('1');
        for (const until = performance.now() + 2 * SILENCE_MS; performance.now() < until;);
      });
      request.resume().once('end', () => response.end('read'));
    });

    expect(received).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('closes the connection of who was refused at once and does not send the rest', async () => {
    const text = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123';

    const received = await talkTo([text], (_request, response) => void response.writeHead(429).end());

    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 429']);
  });

  it('keeps the connection of who was refused at once and sends the rest', async () => {
    const texts = ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1', '2', '', '', '', `${HEAD}\r\n`];

    const received = await talkTo(texts, (_request, response) => void response.writeHead(429).end());

    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 429', 'HTTP/1.1 429']);
  });

  it.each([
    ['behind a body', `${HEAD}Content-Length: 1\r\n\r\n1`],
    ['without a body', `${HEAD}\r\n`],
  ])('leaves an answer its time %s', async (_what, text) => {
    expect(await talk([text], 3 * SILENCE_MS)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
