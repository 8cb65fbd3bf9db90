import { ConfigurableModuleBuilder, type ModuleMetadata, type Provider } from '@nestjs/common';
import type { SettingsInput } from './shared/settings.js';

/** Settings of the module: what a factory can compute. Every one that has a default may be left out. */
export type BatchJobsOptions = SettingsInput;

/** What adds or removes providers and therefore has to be known while the module is assembled. */
export interface BatchJobsShape {
  /** Modules whose exports the providers below inject. */
  readonly imports?: ModuleMetadata['imports'];
  /** Serve the routes. @default true */
  readonly mountHttp?: boolean;
  /** Start batches and place their calls: consume the queues, sweep and reconcile. @default false */
  readonly consumeQueues?: boolean;
  /** A provider for `Dialer`: what places the calls. Needed where queues are consumed. */
  readonly dialer?: Provider;
  /** A provider for `OutboundNumbers`. @default our table */
  readonly outboundNumbers?: Provider;
  /** A provider for `CreditCheck`. @default says yes to everything */
  readonly creditCheck?: Provider;
}

export const {
  ConfigurableModuleClass: BatchJobsOptionsModuleClass,
  MODULE_OPTIONS_TOKEN: BATCH_JOBS_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<BatchJobsOptions>({ moduleName: 'BatchJobs' })
  .setClassMethodName('forRoot')
  .setExtras<BatchJobsShape>({}, (definition) => definition)
  .build();
