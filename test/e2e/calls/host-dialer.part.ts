import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, Post, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import twilio from 'twilio';
import {
  BatchJobsModule,
  callEnd,
  CallOutcomes,
  Dialer,
  HealthService,
  TwilioDialer,
  type AcceptedCall,
  type OutboundCall,
} from '../../../src/index.js';
import { acceptedCallOf, callOf, contactIn, startBatch } from '../../support/running-batch.js';
import { TestApp } from '../../support/test-app.js';
import { ACCOUNT_SID, AUTH_TOKEN, TwilioService } from '../../support/twilio-service.js';

describe('host dialer', () => {
  /** Brings the database, the keys and the eyes of the tests, and places no call: the hosts below do. */
  let world: TestApp;
  beforeAll(async () => {
    world = await TestApp.start();
    await world.database.query('update organizations set concurrent_call_limit = 5');
  });
  afterAll(() => world.stop());

  /** The telephony that a host has already. */
  @Injectable()
  class Telephony {
    readonly calls: OutboundCall[] = [];
  }

  @Module({ providers: [Telephony], exports: [Telephony] })
  class TelephonyModule {}

  /** As a host would write it: hands the call over, and leaves the rest to what it has. */
  @Injectable()
  class TelephonyDialer extends Dialer {
    readonly name = 'telephony';

    constructor(private readonly telephony: Telephony) {
      super();
    }

    async place(call: OutboundCall): Promise<AcceptedCall> {
      this.telephony.calls.push(call);
      return { outcome: null, providerCallId: null, roomName: `room_${call.callId}` };
    }
  }

  /** The host's own form, to see that it stays what it was. */
  @Controller('orders')
  class OrdersController {
    @Post()
    create(): object {
      return { id: 7 };
    }
  }

  const ADAPTERS = { Express: () => new ExpressAdapter(), Fastify: () => new FastifyAdapter() };
  type Adapter = keyof typeof ADAPTERS;

  const host = async (
    adapter: Adapter,
    module: ReturnType<typeof BatchJobsModule.forRoot>,
  ): Promise<INestApplication> => {
    @Module({ imports: [TelephonyModule, module], controllers: [OrdersController] })
    class HostModule {}
    const app = await NestFactory.create(HostModule, ADAPTERS[adapter](), {
      logger: false,
      abortOnError: false,
      forceCloseConnections: true,
    });
    await app.listen(0, '127.0.0.1');
    return app;
  };

  describe.each(['Express', 'Fastify'] as const)('a host on %s', (adapter) => {
    it('places calls in its own process, and reports them there', async () => {
      const app = await host(
        adapter,
        BatchJobsModule.forRoot({
          ...world.settings,
          imports: [TelephonyModule],
          consumeQueues: true,
          dialer: { provide: Dialer, useClass: TelephonyDialer },
        }),
      );
      try {
        const batchJobId = await startBatch(world);
        const callId = await acceptedCallOf(world, batchJobId);
        const outcomes = app.get(CallOutcomes, { strict: false });
        const recorded = await outcomes.record(callId, callEnd('answered', { durationSeconds: 42 }));

        expect(recorded).toMatchObject({ batchJobId, isNew: true, contactStatus: 'completed' });
        const contact = await contactIn(world, batchJobId, 'completed');
        expect(contact).toMatchObject({ callDuration: 42, roomName: `room_${callId}` });
        expect(app.get(Telephony, { strict: false }).calls.map((call) => call.callId)).toEqual([callId]);
        expect(await outcomes.record(callId, callEnd('failed'))).toMatchObject({ isNew: false });
        expect(await app.get(HealthService, { strict: false }).check()).toMatchObject({ dialer: 'telephony' });
      } finally {
        await app.close();
      }
    });

    it('has no dialer where it places no calls, and says so', async () => {
      const app = await host(adapter, BatchJobsModule.forRoot(world.settings));
      try {
        expect(await app.get(HealthService, { strict: false }).check()).toMatchObject({ dialer: null });
        const url = await app.getUrl();
        const answer = await fetch(`${url}/batch/calls/call_7/twilio`, { method: 'POST' });
        expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'route_not_found']);
      } finally {
        await app.close();
      }
    });

    it("takes Twilio's callbacks, signed for its public address with its own prefix", async () => {
      const service = await TwilioService.start();
      const dialer = new TwilioDialer({
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        twimlUrl: 'https://voice.example.com/twiml',
        publicUrl: 'https://host.example.com/api',
        apiUrl: service.url,
      });
      const app = await host(
        adapter,
        BatchJobsModule.forRoot({
          ...world.settings,
          consumeQueues: true,
          dialer: { provide: Dialer, useValue: dialer },
        }),
      );
      try {
        const batchJobId = await startBatch(world);
        const path = `/batch/calls/${await callOf(world, batchJobId)}/twilio`;
        const fields = { CallSid: `CA${'1'.repeat(32)}`, CallStatus: 'completed', CallDuration: '3' };
        const send = async (signature: string) => {
          const headers = { 'x-twilio-signature': signature };
          const body = new URLSearchParams(fields);
          const answer = await fetch(`${await app.getUrl()}${path}`, { method: 'POST', headers, body });
          return { status: answer.status, type: answer.headers.get('content-type') };
        };
        expect(await send('forged')).toEqual({
          status: 403,
          type: expect.stringMatching(/^application\/problem\+json/),
        });
        const url = `https://host.example.com/api${path}`;
        expect((await send(twilio.getExpectedTwilioSignature(AUTH_TOKEN, url, fields))).status).toBe(204);
        expect(await contactIn(world, batchJobId, 'completed')).toMatchObject({ callDuration: 3 });
        const orders = await fetch(`${await app.getUrl()}/orders`, { method: 'POST' });
        expect([orders.status, await orders.json()]).toEqual([201, { id: 7 }]);
      } finally {
        await app.close();
        await service.stop();
      }
    });
  });
});
