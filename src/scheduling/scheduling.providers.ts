import type { Provider } from '@nestjs/common';
import { DifferencePages } from './difference.pages.js';
import { ReconciliationLoop } from './reconciliation.loop.js';
import { SchedulePreviewService } from './schedule-preview.service.js';
import { ScheduleReconciler } from './schedule.reconciler.js';
import { ScheduleResolver } from './schedule.resolver.js';
import { TimeRulesWatcher } from './time-rules.watcher.js';
import { TimezoneService } from './timezone.service.js';
import { ZoneListService } from './zone-list.service.js';
import { ZONE_RULES, ZoneRules } from './zone-rules.js';

/** What any process knows of start times. */
export const SCHEDULING: Provider[] = [
  DifferencePages,
  SchedulePreviewService,
  ScheduleReconciler,
  ScheduleResolver,
  TimezoneService,
  ZoneListService,
  { provide: ZoneRules, useValue: ZONE_RULES },
];

/** What keeps timers and wall times right, in a worker. */
export const SCHEDULE_LOOPS: Provider[] = [ReconciliationLoop, TimeRulesWatcher];
