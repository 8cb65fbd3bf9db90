import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { InsufficientScopeError } from './access.errors.js';
import { keyOf } from './authentication.js';
import type { Scope } from './scopes.js';

/** The scope a route asks for. Every route behind the guard names one. */
export const RequireScope = Reflector.createDecorator<Scope>();

/** @throws insufficient_scope  the key lacks the scope of the route */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const required = this.reflector.get(RequireScope, context.getHandler());
    const { scopes } = keyOf(context.switchToHttp().getRequest<IncomingMessage>());
    if (!scopes.includes(required)) throw new InsufficientScopeError(required);
    return true;
  }
}
