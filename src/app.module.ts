import { Module, type DynamicModule, type MiddlewareConsumer, type NestModule, type Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { SERVICE_CONTROLLERS } from './api/api.providers.js';
import { ProblemFilter } from './api/http/problem.filter.js';
import { RequestIdMiddleware } from './api/http/request-id.js';
import { BatchJobsModule } from './batch-jobs.module.js';
import type { BatchJobsShape } from './batch-jobs.options.js';
import { METRICS_ADDRESS, MetricsServer, type MetricsAddress } from './metrics.server.js';
import type { SettingsInput } from './shared/settings.js';

/** The standalone service: the module as any host would use it, with problem details for every route there is. */
@Module({})
export class AppModule implements NestModule {
  /**
   * @param shape which of the two production roles this process has
   * @param metricsAt where a process without HTTP serves its metrics; null: nowhere
   */
  static forRole(
    settings: SettingsInput,
    shape: Pick<BatchJobsShape, 'mountHttp' | 'consumeQueues' | 'dialer'>,
    metricsAt: MetricsAddress | null = null,
  ): DynamicModule {
    const metricsServer: Provider[] = [MetricsServer, { provide: METRICS_ADDRESS, useValue: metricsAt }];
    return {
      module: AppModule,
      imports: [BatchJobsModule.forRoot({ ...settings, ...shape })],
      controllers: shape.mountHttp ? SERVICE_CONTROLLERS : [],
      providers: [{ provide: APP_FILTER, useClass: ProblemFilter }, ...(metricsAt ? metricsServer : [])],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(RequestIdMiddleware).forRoutes('{*path}');
  }
}
