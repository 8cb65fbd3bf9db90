import { Controller, Get, Res, UseFilters } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthService } from '../../operations/health.service.js';
import { REQUEST_ID_HEADER } from '../http/answer.headers.js';
import { HealthResponse } from './health.response.js';
import { ApiProblems } from '../http/operation.decorator.js';
import { ProblemFilter } from '../http/problem.filter.js';

@ApiTags('Service')
@Controller('health')
@UseFilters(ProblemFilter)
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Tell whether the service works',
    description:
      'Needs no key, and tries to write to both servers, once a second however often it is asked. `degraded`: requests are served, and `problems` tells what is late or missing.',
  })
  @ApiOkResponse({ type: HealthResponse, description: 'Requests are served.', headers: REQUEST_ID_HEADER })
  @ApiServiceUnavailableResponse({
    type: HealthResponse,
    description: 'PostgreSQL cannot be reached, or takes no changes; `status` is `unavailable`.',
    headers: REQUEST_ID_HEADER,
  })
  @ApiProblems(['internal_error'], [])
  async check(@Res({ passthrough: true }) response: unknown): Promise<HealthResponse> {
    const health = HealthResponse.of(await this.health.check());
    this.adapterHost.httpAdapter.status(response, health.status === 'unavailable' ? 503 : 200);
    return health;
  }
}
