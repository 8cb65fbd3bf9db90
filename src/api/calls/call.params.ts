import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

/** Its form is not judged here: what cannot be an id is simply not found. */
export class CallParams {
  @ApiProperty({
    example: 'call_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
    description: 'Id of the call, as the dialer was given it.',
  })
  @IsString()
  callId: string;
}
