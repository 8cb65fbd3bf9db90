import { Controller, Get, Header, Query, UseFilters, UsePipes } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ZoneListService } from '../../scheduling/zone-list.service.js';
import { cacheControlHeader, REQUEST_ID_HEADER } from '../http/answer.headers.js';
import { NoQuery } from '../http/no.query.js';
import { NO_PARAMETER } from '../http/route.examples.js';
import { TimezoneVersionResponse } from './timezone-version.response.js';
import { TimezonesResponse } from './timezones.response.js';
import { ApiProblems } from '../http/operation.decorator.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { RequestPipe } from '../http/request.pipe.js';

// Names change a few times a year, offsets a few times a year in each zone; a picker may be an hour behind.
const FOR_AN_HOUR = 'public, max-age=3600';

// Asked after an upgrade, by whom an old answer would mislead.
const ASK_AGAIN = 'no-cache';

@ApiTags('Service')
@Controller('timezones')
@UseFilters(ProblemFilter)
@UsePipes(RequestPipe)
export class TimezonesController {
  constructor(private readonly zones: ZoneListService) {}

  @Get()
  @Header('Cache-Control', FOR_AN_HOUR)
  @ApiOperation({
    summary: 'List time zones',
    description: 'Every name that `timezone` may have, with its current offset, for pickers. Needs no key.',
  })
  @ApiOkResponse({
    type: TimezonesResponse,
    description: 'The zones, by name.',
    headers: { ...REQUEST_ID_HEADER, ...cacheControlHeader(FOR_AN_HOUR) },
  })
  @ApiProblems(['invalid_request', 'internal_error'], [NO_PARAMETER])
  listTimezones(@Query() _: NoQuery): TimezonesResponse {
    return TimezonesResponse.of(this.zones.list());
  }

  @Get('version')
  @Header('Cache-Control', ASK_AGAIN)
  @ApiOperation({
    summary: 'Tell versions of zone data',
    description: 'Which rules starts are computed with. Needs no key.',
  })
  @ApiOkResponse({
    type: TimezoneVersionResponse,
    description: 'The versions.',
    headers: { ...REQUEST_ID_HEADER, ...cacheControlHeader(ASK_AGAIN) },
  })
  @ApiProblems(['invalid_request', 'internal_error'], [NO_PARAMETER])
  getTimezoneVersion(@Query() _: NoQuery): TimezoneVersionResponse {
    return this.zones.versions();
  }
}
