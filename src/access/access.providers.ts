import { ApiKeysService } from './api-keys.service.js';
import { Authentication } from './authentication.js';
import { EventStreamLimit, UploadLimit } from './at-once.limit.js';
import { OrganizationsService } from './organizations.service.js';
import { RateLimiter } from './rate-limiter.js';

/** Who may use the service: for a host application, too. */
export const ACCESS = [ApiKeysService, OrganizationsService];

/** Who it is over HTTP, and how much of it. */
export const ENTRANCE = [Authentication, EventStreamLimit, RateLimiter, UploadLimit];
