import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest, onRouteHookHandler, preParsingHookHandler } from 'fastify';
import helmet from 'helmet';
import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { RequestTimeoutError, UnreadableRequestError } from './api/http/api.errors.js';
import { ROUTE_OF_LISTS } from './api/http/entrance.middleware.js';
import { MAX_BODY_BYTES, readJson } from './api/http/json-body.js';
import { newRequestId, requestIdOf } from './api/http/request-id.js';
import { toProblem } from './api/http/problem.js';
import { AppModule } from './app.module.js';
import { Connections } from './connections.js';
import { dialerOf } from './dialer.choice.js';
import type { Environment } from './env.js';
import { JsonLogger } from './logger.js';
import { serveDocs } from './openapi.js';

// Ten megabytes over a line of one megabit take 80 s; whoever needs longer keeps a connection for nothing. Where larger
// bodies are allowed, they may take as long as they would over such a line.
const REQUEST_TIMEOUT_MS = 120_000;
const BITS_PER_MS = 1_000;

// Headers fit into a few packets. Node.js looks for those who are late from time to time: after 15 s nobody is left.
const HEADERS_TIMEOUT_MS = 10_000;
const CHECK_INTERVAL_MS = 5_000;

// As long as Node.js lets an address be: an id of any length is simply not found, by the route it was asked of.
const MAX_PARAMETER_LENGTH = 16 * 1024;

/**
 * Puts the HTTP service together, ready to listen.
 *
 * @param consumeQueues whether this process starts batches as well, as `npm start` does
 */
export async function createHttpApp(environment: Environment, consumeQueues: boolean): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRole(environment, { mountHttp: true, consumeQueues, dialer: dialerOf(environment) }),
    createAdapter(environment),
    { logger: new JsonLogger(environment.logLevel), abortOnError: false },
  );
  return configureHttpApp(app, environment.apiDocs);
}

export const createAdapter = ({ maxUploadBytes }: Pick<Environment, 'maxUploadBytes'>): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECK_INTERVAL_MS },
    requestTimeout: Math.max(REQUEST_TIMEOUT_MS, Math.ceil((maxUploadBytes * 8) / BITS_PER_MS)),
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerUnreadable,
    multipart: false,
  });

// Made once: what @fastify/helmet does is made anew for each request.
const secure = helmet({
  contentSecurityPolicy: {
    directives: {
      // Swagger UI styles its elements in place; and `http://localhost` must not be upgraded.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      upgradeInsecureRequests: null,
    },
  },
});

/** What the standalone service adds around the module: bodies, security headers, documentation, an end in time. */
export async function configureHttpApp(
  app: NestFastifyApplication,
  apiDocs: Environment['apiDocs'] = 'on',
): Promise<NestFastifyApplication> {
  connections.set(app.getHttpServer(), new Connections(app.getHttpServer()));
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', leaveLength);
  fastify.addHook('preParsing', leaveLists);
  app.useBodyParser('application/json', {}, parseJson);
  fastify.addHook('onRequest', (request, reply, done) =>
    secure(request.raw, reply.raw, (error) => done(error as Error | undefined)),
  );
  if (apiDocs === 'on') serveDocs(app);
  return app;
}

/** For answers that are given before any route, and thus any hook, is reached: a program reads them, no browser. */
const headersBeforeRoutes = (requestId: string): Record<string, string> => ({
  'Content-Type': 'application/problem+json; charset=utf-8',
  'X-Request-Id': requestId,
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
});

const connections = new WeakMap<Server, Connections>();

/** Closes the service: requests in flight are answered, and their connections let go as soon as they are. */
export async function closeHttpApp(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpServer();
  await connections.get(server)?.during(() => app.close());
}

/** An address that cannot be decoded never reaches a route, nor Nest. */
const answerUnroutable = (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
  const problem = toProblem(error, requestIdOf(request));
  void reply.status(problem.status).headers(headersBeforeRoutes(problem.instance)).send(problem);
};

const IN_TIME = `The request did not arrive in time: its headers within ${HEADERS_TIMEOUT_MS / 1_000} seconds, its body soon after.`;

/** What is not HTTP never becomes a request: there is only the socket to write to. */
const answerUnreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const problem = toProblem(isLate ? new RequestTimeoutError(IN_TIME) : new UnreadableRequestError(), newRequestId());
  const body = JSON.stringify(problem);
  const headers = {
    ...headersBeforeRoutes(problem.instance),
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`, ...lines, '', body].join('\r\n'));
};

function parseJson(_request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void): void {
  try {
    done(null, readJson(body));
  } catch (error) {
    done(error as Error);
  }
}

/** A list may be as long as who reads it allows. */
const leaveLength: onRouteHookHandler = (route) => {
  if (route.url === ROUTE_OF_LISTS) route.bodyLimit = Number.MAX_SAFE_INTEGER;
};

/**
 * Shows the parser no body where there may be a list, which is read while it is uploaded. Of the length that was
 * announced, so that nothing seems to be missing.
 */
const leaveLists: preParsingHookHandler = (request, _reply, payload, done) => {
  const { 'content-type': type = '', 'content-length': length } = request.headers;
  const isLeft = request.routeOptions.url === ROUTE_OF_LISTS && /^application\/json\b/i.test(type);
  done(null, isLeft ? Object.assign(Readable.from([]), { receivedEncodedLength: Number(length ?? 0) }) : payload);
};
