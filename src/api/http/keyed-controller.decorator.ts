import { applyDecorators, Controller, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ScopeGuard } from '../../access/scope.guard.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestPipe } from './request.pipe.js';
import { RouteInterceptor } from './route.interceptor.js';

/**
 * Routes behind a key: what all of them have. The module puts its controllers behind the middleware that asks for the key.
 *
 * @param tag the section of the document in which they stand
 */
export const KeyedController = (path: string, tag = 'Batch Calling'): ClassDecorator =>
  applyDecorators(
    UsePipes(RequestPipe),
    UseFilters(ProblemFilter),
    UseInterceptors(RouteInterceptor),
    UseGuards(ScopeGuard),
    Controller(path),
    ApiSecurity('x-api-key'),
    ApiBearerAuth(),
    ApiTags(tag),
  );
