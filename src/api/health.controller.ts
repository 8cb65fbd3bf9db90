import { Controller, Get, Res, UseFilters } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthService } from '../scheduling/health.service.js';
import { REQUEST_ID_HEADER } from './dto/answer.headers.js';
import { HealthResponse } from './dto/health.response.js';
import { ApiProblems } from './operation.decorator.js';
import { ProblemFilter } from './problem.filter.js';

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
    description: 'Needs no key. Without Redis the service is `degraded`: moves are taken, starts are up to 15 s late.',
  })
  @ApiOkResponse({ type: HealthResponse, description: 'Requests are served.', headers: REQUEST_ID_HEADER })
  @ApiServiceUnavailableResponse({
    type: HealthResponse,
    description: 'PostgreSQL cannot be reached; `status` is `unavailable`.',
    headers: REQUEST_ID_HEADER,
  })
  @ApiProblems(['internal_error'], [])
  async check(@Res({ passthrough: true }) response: unknown): Promise<HealthResponse> {
    const health = HealthResponse.of(await this.health.check());
    this.adapterHost.httpAdapter.status(response, health.status === 'unavailable' ? 503 : 200);
    return health;
  }
}
