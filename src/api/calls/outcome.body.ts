import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { CALL_OUTCOMES, type CallEnd, type CallOutcome } from '../../batch-jobs/call.outcome.js';
import { MAX_CODE_LENGTH, MAX_DURATION_SECONDS, MAX_REASON_LENGTH, readEnd } from '../../calling/dialers/end.reader.js';
import { invalidInputs } from '../http/api.errors.js';

const text = (max: number, example: string, description: string) => ({
  type: String,
  nullable: true,
  example,
  description: `${description} At most ${max} characters are kept.`,
});

const OPEN = {
  description: 'How a call ended. Other fields are ignored, and so are values that cannot be used beside the outcome.',
  additionalProperties: true,
};

/**
 * How a call ended, as its provider tells it. Not judged as other bodies are: a report that is refused for a detail is
 * an outcome that is lost, and a person who is called again.
 */
@ApiSchema(OPEN)
export class OutcomeBody {
  @ApiProperty({
    enum: [...CALL_OUTCOMES],
    example: CALL_OUTCOMES[0],
    description: 'How the call ended. After `no_answer`, `busy` and `timeout` the contact may be called again.',
  })
  outcome: CallOutcome;

  @ApiPropertyOptional({
    type: 'number',
    nullable: true,
    example: 42,
    description: `Length of the conversation, rounded to whole seconds. What is not from 0 to ${MAX_DURATION_SECONDS} is left out.`,
  })
  durationSeconds?: number | null;

  @ApiPropertyOptional(text(MAX_CODE_LENGTH, '486', 'Your own code of a failure.'))
  errorCode?: string | null;

  @ApiPropertyOptional(text(MAX_REASON_LENGTH, 'voicemail', 'Why it ended so. No names or numbers.'))
  reason?: string | null;

  @ApiPropertyOptional(text(MAX_CODE_LENGTH, 'room-7f3a', 'Where it took place.'))
  roomName?: string | null;

  @ApiPropertyOptional(text(MAX_CODE_LENGTH, 'CA0123456789', 'Your own id of the call.'))
  providerCallId?: string | null;
}

const OUTCOME_NEEDED = `is required: one of ${CALL_OUTCOMES.join(', ')}.`;

/**
 * Reads a report as an answer to the call itself is read.
 *
 * @throws invalid_request  it tells no outcome, or one that is not known here
 */
export function readReport(body: unknown): CallEnd {
  const end = readEnd(body);
  if (end) return end;
  throw invalidInputs([{ parameter: 'outcome', detail: OUTCOME_NEEDED }]);
}
