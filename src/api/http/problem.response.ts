import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '../../shared/domain-error.js';

/** One faulty input. */
export class InputErrorResponse {
  @ApiProperty({ example: 'timeZone', description: 'Parameter or field at fault.' })
  readonly parameter: string;

  @ApiProperty({ example: "is not known here. Did you mean 'timezone'?", description: 'What would be allowed.' })
  readonly detail: string;
}

/** Problem details (RFC 9457). Further members depend on the code; `docs/errors.md` lists them. */
export class ProblemResponse {
  @ApiProperty({ example: '/docs/errors#invalid_timezone', description: 'Where the code is explained.' })
  readonly type: string;

  @ApiProperty({ example: 'Invalid time zone', description: 'The kind of problem.' })
  readonly title: string;

  @ApiProperty({ type: 'integer', example: 400, description: 'The HTTP status.' })
  readonly status: number;

  @ApiProperty({
    example:
      "Invalid timezone 'Invalid/Timezone'. Use an IANA time zone name such as 'America/New_York', 'Asia/Karachi' or 'UTC'.",
    description: 'One sentence to act on: what is, and what would be allowed.',
  })
  readonly detail: string;

  @ApiProperty({ example: 'req_01KAS5Z7M2Q4R6T8V0X2Z4B6D8', description: 'The request id; also in `X-Request-Id`.' })
  readonly instance: string;

  @ApiProperty({ example: false, enum: [false], type: Boolean, description: 'Always false.' })
  readonly success: false;

  @ApiProperty({ enum: ERROR_CODES, example: 'invalid_timezone', description: 'Stable; branch on it.' })
  readonly code: ErrorCode;

  @ApiPropertyOptional({ type: [InputErrorResponse], description: 'Each faulty input, when inputs are at fault.' })
  readonly errors?: readonly InputErrorResponse[];

  @ApiPropertyOptional({ example: 'running', description: 'The status that was met, when it refused.' })
  readonly currentStatus?: string;

  @ApiPropertyOptional({ type: [String], example: ['scheduled', 'pending'], description: 'What would be accepted.' })
  readonly allowedStatuses?: readonly string[];

  @ApiPropertyOptional({ example: 'format', description: 'Why a date and time was refused.' })
  readonly reason?: string;

  @ApiPropertyOptional({ type: [String], example: ['America/New_York'], description: 'What may have been meant.' })
  readonly suggestions?: readonly string[];
}
