import { Get, Post, Query } from '@nestjs/common';
import { ConsistencyService } from '../../operations/consistency.service.js';
import { ConsistencyResponse } from './consistency.response.js';
import { NoQuery } from '../http/no.query.js';
import { RepairResponse } from './repair.response.js';
import { NO_PARAMETER } from '../http/route.examples.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { NoBody } from '../http/no.body.js';
import { Operation } from '../http/operation.decorator.js';

/** For the operator, whose key sees every organization. */
@KeyedController('admin', 'Administration')
export class AdminController {
  constructor(private readonly consistency: ConsistencyService) {}

  @Get('consistency')
  @Operation({
    summary: 'Compare all batch jobs with their timers',
    description:
      'Names each difference between the scheduled jobs of all organizations and the timers in Redis. What was there twice, half a second apart, is a difference; what is just being changed is not.',
    scope: 'admin',
    answer: ConsistencyResponse,
    answered: 'What differs, if anything.',
    errors: [],
    examples: [NO_PARAMETER],
  })
  async getConsistency(@Query() _: NoQuery): Promise<ConsistencyResponse> {
    return ConsistencyResponse.of(await this.consistency.check());
  }

  @Post('consistency/repair')
  @Operation({
    summary: 'Repair all timers',
    description:
      'Sets what is missing or wrong and removes what no job wants, as workers do by themselves. Repeating it is harmless, and it starts no job.',
    scope: 'admin',
    answer: RepairResponse,
    answered: 'Redis agrees with the database.',
    writes: { body: NoBody, isHarmless: true },
    errors: ['redis_unavailable'],
    examples: [NO_PARAMETER],
  })
  async repairConsistency(@Query() _: NoQuery): Promise<RepairResponse> {
    return RepairResponse.of(await this.consistency.repair());
  }
}
