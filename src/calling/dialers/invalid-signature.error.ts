import { DomainError } from '../../shared/domain-error.js';

/** A status callback that Twilio did not send, or not to this address. */
export class InvalidSignatureError extends DomainError {
  readonly code = 'invalid_signature';

  constructor() {
    super(
      "The header 'X-Twilio-Signature' is missing, or is not Twilio's for this address and body. " +
        'PUBLIC_URL must be the address that Twilio calls, and TWILIO_AUTH_TOKEN the token of the account.',
    );
  }
}
