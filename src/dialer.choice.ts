import type { Provider } from '@nestjs/common';
import { Dialer } from './calling/dialer.js';
import { HttpDialer } from './calling/dialers/http.dialer.js';
import { SimulatedDialer } from './calling/dialers/simulated.dialer.js';
import { TwilioDialer } from './calling/dialers/twilio.dialer.js';
import type { DialerName, Environment } from './env.js';

/** How each of the dialers that can be named is made. */
const MAKE: Readonly<Record<DialerName, (environment: Environment) => Dialer>> = {
  simulated: ({ simulatedCallMs }) => new SimulatedDialer(simulatedCallMs),
  http: ({ httpDialerUrl, httpDialerSecret, httpDialerSecretPrevious }) =>
    new HttpDialer({
      url: given(httpDialerUrl),
      secret: given(httpDialerSecret),
      previousSecret: httpDialerSecretPrevious,
    }),
  twilio: (environment) =>
    new TwilioDialer({
      accountSid: given(environment.twilioAccountSid),
      authToken: given(environment.twilioAuthToken),
      previousAuthToken: environment.twilioAuthTokenPrevious,
      twimlUrl: given(environment.twilioTwimlUrl),
      publicUrl: given(environment.publicUrl),
      apiUrl: environment.twilioApiUrl,
      ringSeconds: environment.twilioRingSeconds,
    }),
};

/** The dialer that the environment names, as a provider of the module. */
export const dialerOf = (environment: Environment): Provider => ({
  provide: Dialer,
  useValue: MAKE[environment.dialer](environment),
});

/** What `readEnvironment` has seen to. */
const given = (value: string | null): string => {
  if (value === null) throw new Error('a variable of the chosen dialer is not set: readEnvironment refuses that');
  return value;
};
