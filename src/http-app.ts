import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newRequestId } from './api/request-id.js';
import { toProblem } from './api/problem.js';
import { AppModule } from './app.module.js';
import type { Environment } from './env.js';
import { JsonLogger } from './logger.js';
import { serveDocs } from './openapi.js';

// A form's own text around the file: boundaries, headers and fields.
const FORM_OVERHEAD_BYTES = 64 * 1024;

// As long as Node.js lets an address be: an id of any length is simply not found, by the route it was asked of.
const MAX_PARAMETER_LENGTH = 16 * 1024;

/**
 * Puts the HTTP service together, ready to listen.
 *
 * @param consumeQueues whether this process starts batches as well, as `npm start` does
 */
export async function createHttpApp(environment: Environment, consumeQueues: boolean): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRole(environment, { mountHttp: true, consumeQueues }),
    createAdapter(environment),
    { logger: new JsonLogger(environment.logLevel), abortOnError: false, forceCloseConnections: true },
  );
  return configureHttpApp(app);
}

export const createAdapter = ({ maxUploadBytes }: Pick<Environment, 'maxUploadBytes'>): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: maxUploadBytes + FORM_OVERHEAD_BYTES,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    frameworkErrors: answerUnroutable,
    multipart: false,
  });

/** What the standalone service adds around the module: bodies, security headers, documentation. */
export async function configureHttpApp(app: NestFastifyApplication): Promise<NestFastifyApplication> {
  const { bodyLimit } = app.getHttpAdapter().getInstance().initialConfig;
  app.useBodyParser('application/json', { bodyLimit }, parseJson);
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        // Swagger UI styles its elements in place; and `http://localhost` must not be upgraded.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        upgradeInsecureRequests: null,
      },
    },
  });
  serveDocs(app);
  return app;
}

/** An address that cannot be decoded never reaches a route, nor Nest. */
const answerUnroutable = (error: Error, _request: FastifyRequest, reply: FastifyReply): void => {
  const problem = toProblem(error, newRequestId());
  void reply
    .status(problem.status)
    .headers({ 'Content-Type': 'application/problem+json; charset=utf-8', 'X-Request-Id': problem.instance })
    .send(problem);
};

/** JSON as Fastify reads it; an empty body is none, because clients send the content type with calls that have no body. */
function parseJson(request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void): void {
  if (body.length === 0) return done(null);
  void request.server.getDefaultJsonParser('error', 'ignore')(request, body.toString('utf8'), done);
}
