import type { MiddlewareConsumer } from '@nestjs/common';
import { ENTRANCE } from '../access/access.providers.js';
import { TwilioCallbacks } from '../calling/twilio-callbacks.js';
import { AdminController } from './admin/admin.controller.js';
import { BatchJobsController } from './batches/batch-jobs.controller.js';
import { ControlController } from './batches/control.controller.js';
import { ListReader } from './batches/list.reader.js';
import { CallsController } from './calls/calls.controller.js';
import { TwilioCallbackController } from './calls/twilio-callback.controller.js';
import { TwilioCallbackMiddleware } from './calls/twilio-callback.middleware.js';
import { ContactListBody } from './contact-lists/contact-list.body.js';
import { ContactsController } from './contacts/contacts.controller.js';
import { ContactsReader } from './contacts/contacts.reader.js';
import { EntranceMiddleware } from './http/entrance.middleware.js';
import { FormPassThrough } from './http/form-pass-through.js';
import { JsonObjectBody } from './http/json-object.body.js';
import { NoBody } from './http/no.body.js';
import { RepeatedWrites } from './http/repeated-writes.js';
import { RequestIdMiddleware } from './http/request-id.js';
import { HistoryReader } from './ledger/history.reader.js';
import { LedgerController } from './ledger/ledger.controller.js';
import { ProgressController } from './progress/progress.controller.js';
import { ProgressReader } from './progress/progress.reader.js';
import { RescheduleController } from './reschedule/reschedule.controller.js';
import { SchedulePreviewController } from './reschedule/schedule-preview.controller.js';
import { ErrorDocsController } from './service/error-docs.controller.js';
import { HealthController } from './service/health.controller.js';
import { MetricsController } from './service/metrics.controller.js';
import { TimezonesController } from './service/timezones.controller.js';

/** Behind a key, in the order in which the OpenAPI document shows them. */
const KEYED = [
  AdminController,
  BatchJobsController,
  RescheduleController,
  CallsController,
  ContactsController,
  ControlController,
  LedgerController,
  ProgressController,
  SchedulePreviewController,
];

/** The routes below `/batch` and `/admin`. */
export const CONTROLLERS = [...KEYED, TwilioCallbackController];

/** The routes of the standalone service, which nobody needs a key for. */
export const SERVICE_CONTROLLERS = [ErrorDocsController, HealthController, MetricsController, TimezonesController];

/** What the controllers need. */
export const HTTP = [
  ...ENTRANCE,
  ContactListBody,
  ContactsReader,
  FormPassThrough,
  HistoryReader,
  JsonObjectBody,
  ListReader,
  NoBody,
  ProgressReader,
  RepeatedWrites,
  TwilioCallbacks,
];

/** What a request passes before it reaches a controller: who asks is known before anything is read. */
export function applyMiddleware(consumer: MiddlewareConsumer): void {
  consumer.apply(RequestIdMiddleware, EntranceMiddleware).forRoutes(...KEYED);
  consumer.apply(RequestIdMiddleware, TwilioCallbackMiddleware).forRoutes(TwilioCallbackController);
}
