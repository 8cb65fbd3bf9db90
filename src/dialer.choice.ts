import type { Provider } from '@nestjs/common';
import { Dialer } from './calling/dialer.js';
import { SimulatedDialer } from './calling/dialers/simulated.dialer.js';
import type { Environment } from './env.js';

/** How each of the dialers that can be named is made. */
const MAKE: Readonly<Record<Environment['dialer'], (environment: Environment) => Dialer>> = {
  simulated: ({ simulatedCallMs }) => new SimulatedDialer(simulatedCallMs),
};

/** The dialer that the environment names, as a provider of the module. */
export const dialerOf = (environment: Environment): Provider => ({
  provide: Dialer,
  useValue: MAKE[environment.dialer](environment),
});
