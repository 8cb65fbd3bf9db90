import { Injectable, UseFilters } from '@nestjs/common';
import { AuthenticationMiddleware } from '../../access/authentication.middleware.js';
import { MiddlewareProblemFilter } from './middleware-problem.filter.js';

/** Authentication that answers with problem details: `access/` knows nothing of HTTP's bodies. */
@Injectable()
@UseFilters(new MiddlewareProblemFilter())
export class ApiKeyMiddleware extends AuthenticationMiddleware {}
