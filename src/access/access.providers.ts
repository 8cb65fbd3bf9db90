import { ApiKeysService } from './api-keys.service.js';
import { EventStreamLimit, UploadLimit } from './at-once.limit.js';
import { OrganizationsService } from './organizations.service.js';
import { RateLimiter } from './rate-limiter.js';

/** Who may use the service: for a host application, too. */
export const ACCESS = [ApiKeysService, OrganizationsService];

/** How much of it, over HTTP. */
export const LIMITS = [EventStreamLimit, RateLimiter, UploadLimit];
