import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from '../../support/eventually.js';
import { soon } from '../../support/soon.js';
import { aBatch, TestApp, type Answer } from '../../support/test-app.js';

describe('unavailable', () => {
  /** Stands between the service and PostgreSQL, and can be gone. */
  class Proxy {
    private readonly sockets = new Set<Socket>();
    private isCut = false;

    private constructor(private readonly server: Server) {}

    static async to(target: URL): Promise<Proxy> {
      const server = createServer();
      const proxy = new Proxy(server);
      server.on('connection', (incoming) => {
        if (proxy.isCut) {
          incoming.destroy();
          return;
        }
        const outgoing = connect(Number(target.port), target.hostname);
        for (const [from, into] of [
          [incoming, outgoing],
          [outgoing, incoming],
        ] as const) {
          proxy.sockets.add(from);
          from.on('error', () => into.destroy());
          from.on('close', () => {
            proxy.sockets.delete(from);
            into.destroy();
          });
          from.pipe(into);
        }
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return proxy;
    }

    get port(): string {
      return String((this.server.address() as AddressInfo).port);
    }

    cut(): void {
      this.isCut = true;
      for (const socket of this.sockets) socket.destroy();
    }

    mend(): void {
      this.isCut = false;
    }

    close(): void {
      this.cut();
      this.server.close();
    }
  }

  let proxy: Proxy;
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      databaseUrl: async (direct) => {
        const url = new URL(direct);
        proxy = await Proxy.to(new URL(direct));
        Object.assign(url, { hostname: '127.0.0.1', port: proxy.port });
        return url.href;
      },
    });
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterEach(() => proxy.mend());
  afterAll(async () => {
    await app.stop();
    proxy.close();
  });

  const LATER = { scheduledStartTime: '2025-03-02T09:00:00' };

  describe('503 unavailable', () => {
    it('says when to try again and nothing of the server, soon, and changes nothing', async () => {
      const id = await app.create({ scheduledStartTime: '2025-03-01T09:00:00' });
      const before = await app.everything();
      const requests: readonly (() => Promise<Answer>)[] = [
        () => app.reschedule(id, LATER),
        () => app.get(`/batch/jobs/${id}`),
        () => app.post('/batch/create', aBatch()),
      ];
      proxy.cut();

      for (const request of requests) {
        const { status, headers, body } = await soon('a request', request);
        expect({ status, code: body.code, success: body.success }).toEqual({
          status: 503,
          code: 'unavailable',
          success: false,
        });
        expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(body.instance).toBe(headers.get('x-request-id'));
        expect(body.detail).toContain('nothing was changed');
        expect(JSON.stringify(body)).not.toMatch(/ECONN|127\.0\.0\.1|postgres|terminat/i);
      }
      expect(await app.everything()).toEqual(before);
    });

    it('is not said of a request that needs no database', async () => {
      proxy.cut();
      expect((await app.get('/batch/jobs', 'bj_live_nonsense')).status).toBe(401);
      expect((await app.get('/nowhere')).status).toBe(404);
    });

    it('is told by /health, with what is up', async () => {
      proxy.cut();
      expect(await app.get('/health')).toMatchObject({
        status: 503,
        body: { status: 'unavailable', postgres: 'down', redis: 'up' },
      });
    });

    it('is over as soon as PostgreSQL is back', async () => {
      const id = await app.create();
      proxy.cut();
      expect((await app.get(`/batch/jobs/${id}`)).status).toBe(503);
      proxy.mend();
      await eventually(async () => {
        expect(await app.reschedule(id, LATER)).toMatchObject({ status: 200, body: { scheduleRevision: 1 } });
      });
    });

    it('is said, too, when PostgreSQL ends every session in the middle, unless it can be made good', async () => {
      const id = await app.create();
      await app.database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`,
      );
      expect([200, 503]).toContain((await app.get(`/batch/jobs/${id}`)).status);
      await eventually(async () => expect((await app.get(`/batch/jobs/${id}`)).status).toBe(200));
    });
  });
});
