import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { Agent as TlsAgent } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { eventually } from '../../../test/support/eventually.js';
import { HttpService, reply } from '../../../test/support/http-service.js';
import { LateListener } from '../../../test/support/late-listener.js';
import { freePort } from '../../../test/support/programs.js';
import { risesAfter } from '../../../test/support/rises-after.js';
import { TcpProxy } from '../../../test/support/tcp-proxy.js';
import { thrown } from '../../../test/support/thrown.js';
import { CERTIFICATE, TlsService } from '../../../test/support/tls-service.js';
import { exchange, NotSentError, UnansweredError, WithdrawnError } from './http-exchange.js';

const POST = { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'call her' };
const PATIENT = () => risesAfter(20_000);

/** What the kernel knows of a connection arrives with a turn of the event loop or two. */
const itIsNoticed = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await setImmediate();
};

/** Remembers how often it was asked, and what had arrived by then. */
class Gate {
  asked = 0;
  readonly isPermitted = async (): Promise<boolean> => {
    this.asked += 1;
    await this.whenAsked();
    return this.answer;
  };

  constructor(
    readonly answer: boolean,
    readonly whenAsked: () => unknown = () => undefined,
  ) {}
}

describe('a connection that comes late', () => {
  let listener: LateListener;
  beforeEach(async () => {
    listener = await LateListener.start();
  });
  afterEach(() => listener.stop());

  it('is there before the permission is asked, and what is permitted is sent', async () => {
    const whenAsked: boolean[] = [];
    const gate = new Gate(true, () => whenAsked.push(listener.takesConnections));
    const answered = exchange(new URL(listener.url), POST, PATIENT(), gate.isPermitted);
    await listener.takeConnections();

    expect(await answered).toMatchObject({ status: 202 });
    expect(whenAsked).toEqual([true]);
  });

  it('is left unused when it is not permitted any more: nothing is received', async () => {
    const whenAsked: boolean[] = [];
    const gate = new Gate(false, () => whenAsked.push(listener.takesConnections));
    const failed = thrown(exchange(new URL(listener.url), POST, PATIENT(), gate.isPermitted));
    await listener.takeConnections();

    expect(await failed).toBeInstanceOf(WithdrawnError);
    expect(whenAsked).toEqual([true]);
    expect(listener.received).toEqual(['probe']);
  });

  it('comes too late: not sent, the permission is not asked, and nothing is received afterwards', async () => {
    const gate = new Gate(true);
    const error = await thrown(exchange(new URL(listener.url), POST, risesAfter(100), gate.isPermitted));
    await listener.takeConnections();

    expect(error).toEqual(new NotSentError('ETIMEDOUT'));
    expect(gate.asked).toBe(0);
    expect(listener.received).toEqual(['probe']);
  });

  it('is not waited for by a process that ends, which is no fault of the other side', async () => {
    const ending = new AbortController();
    const failed = thrown(exchange(new URL(listener.url), POST, ending.signal));
    ending.abort();
    await listener.takeConnections();

    expect(await failed).toBeInstanceOf(WithdrawnError);
    expect(listener.received).toEqual(['probe']);
  });
});

describe('the permission', () => {
  let service: HttpService;
  beforeEach(async () => {
    service = await HttpService.start();
    service.answerWith(202);
  });
  afterEach(() => service.stop());

  const send = (signal: AbortSignal, gate: Gate) => exchange(new URL(service.url), POST, signal, gate.isPermitted);

  it('is asked for every request, also over a connection that was used before', async () => {
    const gate = new Gate(true);
    await send(PATIENT(), gate);
    await send(PATIENT(), gate);
    expect(await thrown(send(PATIENT(), new Gate(false)))).toBeInstanceOf(WithdrawnError);

    expect(gate.asked).toBe(2);
    expect(service.received).toHaveLength(2);
    expect(new Set(service.received.map(({ headers }) => headers.connection))).toEqual(new Set(['keep-alive']));
  });

  it('that cannot be had is thrown as it is, and nothing is sent', async () => {
    const away = new Error('the database is away');
    const gate = new Gate(true, () => Promise.reject(away));
    expect(await thrown(send(PATIENT(), gate))).toBe(away);
    expect(service.received).toEqual([]);
  });

  it('that comes when time is over is of no use: nothing is sent', async () => {
    const ending = new AbortController();
    const gate = new Gate(true, () => ending.abort(new DOMException('too late', 'TimeoutError')));
    expect(await thrown(send(ending.signal, gate))).toEqual(new NotSentError('ETIMEDOUT'));
    expect(service.received).toEqual([]);
  });

  it('is not asked under a signal that has risen', async () => {
    const gate = new Gate(true);
    expect(await thrown(send(AbortSignal.abort(), gate))).toBeInstanceOf(WithdrawnError);
    expect(gate.asked).toBe(0);
    expect(service.received).toEqual([]);
  });
});

describe('what is certainly not received', () => {
  const servers: { close(): unknown }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** @param behave what becomes of each connection */
  const listening = async (behave: (socket: Socket) => void): Promise<string> => {
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      behave(socket);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const failing = async (url: string, gate = new Gate(true)): Promise<Error> =>
    thrown(exchange(new URL(url), POST, PATIENT(), gate.isPermitted));

  it('nobody listens', async () => {
    expect(await failing(`http://127.0.0.1:${await freePort()}`)).toEqual(new NotSentError('ECONNREFUSED'));
  });

  it('nobody listens at any address of a name', async () => {
    expect(await failing(`http://localhost:${await freePort()}`)).toEqual(new NotSentError('ECONNREFUSED'));
  });

  it('no such name', async () => {
    const error = await failing('http://calls.invalid');
    expect(error).toBeInstanceOf(NotSentError);
    expect((error as NotSentError).code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  it('no way to the address', async () => {
    const error = await failing('http://[2001:db8::1]:9');
    expect(error).toBeInstanceOf(NotSentError);
    expect((error as NotSentError).code).toMatch(/^(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ETIMEDOUT)$/);
  });

  it('a connection that is reset during TLS', async () => {
    const there = await listening((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await failing(`https://${there}`)).toEqual(new NotSentError('ECONNRESET'));
  });

  it('TLS with somebody who speaks something else', async () => {
    const there = await listening((socket) => socket.end('220 ready\r\n'));
    expect(await failing(`https://${there}`)).toBeInstanceOf(NotSentError);
  });

  it('TLS that is not answered in time', async () => {
    const there = await listening(() => undefined);
    const gate = new Gate(true);
    const error = await thrown(exchange(new URL(`https://${there}`), POST, risesAfter(300), gate.isPermitted));
    expect(error).toEqual(new NotSentError('ETIMEDOUT'));
    expect(gate.asked).toBe(0);
  });

  it('a connection that is gone while the permission is asked', async () => {
    const connections: Socket[] = [];
    const there = await listening((socket) => connections.push(socket));
    const gate = new Gate(true, async () => {
      await eventually(() => expect(connections).toHaveLength(1));
      connections[0].resetAndDestroy();
      await itIsNoticed();
    });
    expect(await failing(`http://${there}`, gate)).toEqual(new NotSentError('ECONNRESET'));
  });

  it('an answer to what was not asked yet', async () => {
    const answered: Socket[] = [];
    const there = await listening((socket) => {
      answered.push(socket.end('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'));
    });
    const gate = new Gate(true, async () => {
      await eventually(() => expect(answered).toHaveLength(1));
      await itIsNoticed();
    });
    expect(await failing(`http://${there}`, gate)).toBeInstanceOf(NotSentError);
  });
});

describe('a certificate', () => {
  let service: TlsService;
  beforeEach(async () => {
    service = await TlsService.start();
  });
  afterEach(() => service.stop());

  it('that is not trusted ends it before anything is written', async () => {
    const gate = new Gate(true);
    const error = await thrown(exchange(new URL(service.url), POST, PATIENT(), gate.isPermitted));
    expect(error).toEqual(new NotSentError('DEPTH_ZERO_SELF_SIGNED_CERT'));
    expect(gate.asked).toBe(0);
    expect(service.received).toBe('');
  });

  describe('that is trusted', () => {
    const connect: TlsAgent['createConnection'] = Reflect.get(TlsAgent.prototype, 'createConnection');
    beforeEach(() => {
      jest.spyOn(TlsAgent.prototype, 'createConnection').mockImplementation(function (
        this: TlsAgent,
        options,
        ...rest
      ) {
        return connect.call(this, { ...options, ca: CERTIFICATE }, ...rest);
      });
    });
    afterEach(() => {
      jest.restoreAllMocks();
    });

    it('lets it through, once it is permitted', async () => {
      const receivedBefore: string[] = [];
      const gate = new Gate(true, () => receivedBefore.push(service.received));
      expect(await exchange(new URL(service.url), POST, PATIENT(), gate.isPermitted)).toMatchObject({ status: 202 });
      expect(receivedBefore).toEqual(['']);
      expect(service.received).toContain('call her');
    });

    it('is of no use when TLS comes about late, and it is not permitted any more', async () => {
      const proxy = await TcpProxy.start(service.url);
      try {
        proxy.blackhole();
        const failed = thrown(exchange(new URL(proxy.url), POST, PATIENT(), new Gate(false).isPermitted));
        await eventually(() => expect(proxy.connections).toBe(1));
        await proxy.heal();
        expect(await failed).toBeInstanceOf(WithdrawnError);
        expect(service.received).toBe('');
      } finally {
        await proxy.stop();
      }
    });
  });
});

describe('what may have been received', () => {
  let service: HttpService;
  beforeEach(async () => {
    service = await HttpService.start();
  });
  afterEach(() => service.stop());

  const failing = (): Promise<Error> => thrown(exchange(new URL(service.url), POST, PATIENT()));

  it('a connection that was used before, and is reset after the writing', async () => {
    service.answerWith(202);
    await exchange(new URL(service.url), POST, PATIENT());
    service.answer = (_request, { socket }) => socket?.resetAndDestroy();

    expect(await failing()).toEqual(new UnansweredError('ECONNRESET'));
    expect(service.received).toHaveLength(2);
  });

  it('no answer until the signal rises', async () => {
    service.answer = () => undefined;
    const error = await thrown(exchange(new URL(service.url), POST, risesAfter(300)));
    expect(error).toEqual(new UnansweredError('TimeoutError'));
    expect(service.received).toHaveLength(1);
  });

  it('redirects are answers: nothing is sent elsewhere', async () => {
    service.answer = (_request, response) => reply(response, 307, undefined, { location: `${service.url}/elsewhere` });
    expect(await exchange(new URL(service.url), POST, PATIENT())).toMatchObject({ status: 307 });
    expect(service.received).toHaveLength(1);
  });
});
