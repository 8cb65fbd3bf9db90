import { Dialer, type PlacedCall } from '../../src/calling/dialer.js';
import type { Dispatcher } from '../../src/calling/dispatcher.js';

/** Of services whose tests are about other things: no call may be placed. */
export class NoCalls extends Dialer {
  readonly name = 'none';

  async place(): Promise<PlacedCall> {
    throw new Error('a call was placed by a test that is not about calls');
  }
}

/** What a batch runner asks for calls, where nobody is to be called. */
export const NO_DISPATCH = { request: (): void => undefined } as unknown as Dispatcher;
