import 'reflect-metadata';
import { BullModule, InjectQueue, Process, Processor } from '@nestjs/bull';
import {
  BadRequestException,
  Controller,
  Get,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Patch,
  Query,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import Bull from 'bull';
import { IsISO8601, IsOptional, IsString } from 'class-validator';
import { fromZonedTime } from 'date-fns-tz';
import { Column, Entity, PrimaryColumn, Repository } from 'typeorm';
import { batches, countMismatches, databaseUrl, firingTimes, redisUrl, run } from './peer.js';

/* What the tutorials of Nest teach: a repository and a queue; find the row, remove its job, add another, save. */

@Entity('batches')
class BatchRow {
  @PrimaryColumn({ type: 'text' }) id: string;
  @Column({ type: 'text' }) status: string;
  @Column({ name: 'starts_at', type: 'timestamptz', precision: 3 }) startsAt: Date;
  @Column({ name: 'job_id', type: 'text' }) jobId: string;
}

class RescheduleQuery {
  @IsISO8601() scheduledStartTime: string;
  @IsOptional() @IsString() timezone?: string;
}

@Injectable()
class BatchesService {
  constructor(
    @InjectRepository(BatchRow) readonly rows: Repository<BatchRow>,
    @InjectQueue('starts') readonly starts: Bull.Queue<{ id: string }>,
  ) {}

  async reschedule(id: string, startsAt: Date): Promise<object> {
    const row = await this.rows.findOneBy({ id });
    if (!row) throw new NotFoundException();
    if (row.status !== 'scheduled') throw new BadRequestException();
    const old = await this.starts.getJob(row.jobId);
    await old?.remove();
    const job = await this.starts.add({ id }, { delay: startsAt.getTime() - Date.now() });
    Object.assign(row, { startsAt, jobId: String(job.id) });
    await this.rows.save(row);
    return { success: true, batchJobId: id, scheduledStartTime: startsAt };
  }
}

@Controller()
class BatchesController {
  constructor(private readonly service: BatchesService) {}

  @Patch('batch/jobs/:id/reschedule')
  reschedule(@Param('id') id: string, @Query() { scheduledStartTime, timezone = 'UTC' }: RescheduleQuery) {
    return this.service.reschedule(id, fromZonedTime(scheduledStartTime, timezone));
  }

  @Get('health')
  health() {
    return {};
  }
}

@Processor('starts')
class StartsProcessor {
  constructor(@InjectRepository(BatchRow) private readonly rows: Repository<BatchRow>) {}

  @Process()
  async start({ data }: Bull.Job<{ id: string }>) {
    await this.rows.update({ id: data.id, status: 'scheduled' }, { status: 'running' });
  }
}

const INFRASTRUCTURE = [
  TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, entities: [BatchRow], synchronize: true }),
  TypeOrmModule.forFeature([BatchRow]),
  BullModule.forRoot({ url: redisUrl }),
  BullModule.registerQueue({ name: 'starts' }),
];

@Module({ imports: INFRASTRUCTURE, controllers: [BatchesController], providers: [BatchesService] })
class ApiModule {}

@Module({ imports: INFRASTRUCTURE, providers: [StartsProcessor] })
class WorkerModule {}

const QUIET = { logger: ['error' as const] };
const serviceAlone = async () => (await NestFactory.createApplicationContext(ApiModule, QUIET)).get(BatchesService);

await run({
  async seed(count) {
    const { rows, starts } = await serviceAlone();
    const all = batches(count);
    for (let at = 0; at < count; at += 1_000) {
      const some = all.slice(at, at + 1_000);
      const jobs = await starts.addBulk(
        some.map(({ id, startsAt }) => ({ data: { id }, opts: { delay: startsAt.getTime() - Date.now() } })),
      );
      await rows.insert(some.map((batch, place) => ({ ...batch, status: 'scheduled', jobId: String(jobs[place].id) })));
    }
  },

  async api(port) {
    // As fast as Nest goes: Express, its default, would be slower.
    const app = await NestFactory.create(ApiModule, new FastifyAdapter(), QUIET);
    app.useGlobalPipes(new ValidationPipe());
    await app.listen(port, '127.0.0.1');
  },

  worker: () => NestFactory.createApplicationContext(WorkerModule, QUIET),

  async mismatches() {
    const { rows, starts } = await serviceAlone();
    const firing = firingTimes(await starts.client.zrange(starts.toKey('delayed'), 0, -1, 'WITHSCORES'));
    const found = await rows.find();
    return countMismatches(
      found.map(({ jobId, startsAt }) => ({ id: jobId, startsAt })),
      firing,
    );
  },
});
