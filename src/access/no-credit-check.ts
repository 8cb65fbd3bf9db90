import { Injectable } from '@nestjs/common';
import { CreditCheck, type CreditStatement } from '../shared/platform.js';

/** For a service without a billing platform: everything can be paid. */
@Injectable()
export class NoCreditCheck extends CreditCheck {
  async check(): Promise<CreditStatement> {
    return { isEnough: true, availableDollars: Number.POSITIVE_INFINITY };
  }
}
