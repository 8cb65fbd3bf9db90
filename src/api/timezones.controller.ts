import { Controller, Get, Header, Query, UseFilters, UsePipes } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ZoneListService } from '../scheduling/zone-list.service.js';
import { cacheControlHeader, REQUEST_ID_HEADER } from './dto/answer.headers.js';
import { NoQuery } from './dto/no.query.js';
import { NO_PARAMETER } from './dto/route.examples.js';
import { TimezoneVersionResponse } from './dto/timezone-version.response.js';
import { TimezonesResponse } from './dto/timezones.response.js';
import { ApiProblems } from './operation.decorator.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestPipe } from './request.pipe.js';

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
