import type { Provider } from '@nestjs/common';
import { Dialer } from './calling/dialer.js';
import { HttpDialer } from './calling/dialers/http.dialer.js';
import { SimulatedDialer } from './calling/dialers/simulated.dialer.js';
import { TwilioDialer } from './calling/dialers/twilio.dialer.js';
import type { DialerName, Environment } from './env.js';

/** How each of the dialers that can be named is made. */
const MAKE: Readonly<Record<DialerName, (environment: Environment) => Dialer>> = {
  simulated: ({ simulatedCallMs }) => new SimulatedDialer(simulatedCallMs),
  http: ({ httpDialerUrl, httpDialerSecret }) =>
    new HttpDialer({ url: given(httpDialerUrl), secret: given(httpDialerSecret) }),
  twilio: ({ twilioAccountSid, twilioAuthToken, twilioTwimlUrl, twilioRingSeconds, twilioApiUrl, publicUrl }) =>
    new TwilioDialer({
      accountSid: given(twilioAccountSid),
      authToken: given(twilioAuthToken),
      twimlUrl: given(twilioTwimlUrl),
      publicUrl: given(publicUrl),
      apiUrl: twilioApiUrl,
      ringSeconds: twilioRingSeconds,
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
