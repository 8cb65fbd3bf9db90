import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

/** Its form is not judged here: what cannot be an id is simply not found. */
export class BatchJobParams {
  @ApiProperty({
    name: 'batch_job_id',
    example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8',
    description: 'Id of the batch job.',
  })
  @IsString()
  batch_job_id: string;
}
