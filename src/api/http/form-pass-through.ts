import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

export const FORM = 'multipart/form-data';

/** The part of Fastify that is used here: the module must not depend on the adapter of its host. */
interface Fastify {
  hasContentTypeParser(type: string): boolean;
  addContentTypeParser(
    type: string,
    parser: (request: unknown, body: unknown, done: (error: null) => void) => void,
  ): void;
}

/** Fastify refuses a body that nobody parses; ours is read later, while it is uploaded (`form-reader.ts`). */
@Injectable()
export class FormPassThrough implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const { httpAdapter } = this.adapterHost;
    if (httpAdapter?.getType() !== 'fastify') return;
    const fastify = httpAdapter.getInstance<Fastify>();
    if (!fastify.hasContentTypeParser(FORM)) fastify.addContentTypeParser(FORM, (_request, _body, done) => done(null));
  }
}
