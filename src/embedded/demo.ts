import type { INestApplicationContext } from '@nestjs/common';
import { ApiKeysService } from '../access/api-keys.service.js';
import { OrganizationsService } from '../access/organizations.service.js';
import { keep, keepAnew } from './service-file.js';

const ORGANIZATION = 'org_demo';
const KEY_FILE = 'demo-api-key';

/**
 * An organization with one number, and a key for it that stays the same from start to start.
 *
 * @returns the key
 */
export async function prepareDemo(app: INestApplicationContext, dataDir: string): Promise<string> {
  const organizations = app.get(OrganizationsService, { strict: false });
  await organizations.ensure(ORGANIZATION, 'Demo organization');
  await organizations.addPhoneNumber({
    id: 'phone_demo',
    organizationId: ORGANIZATION,
    phoneNumber: '+12025550100', // one of the numbers kept for fiction
    outboundAgent: { id: 'agent_demo', channel: 'voice' },
  });

  const apiKeys = app.get(ApiKeysService, { strict: false });
  const create = async () => (await apiKeys.create(DEMO_KEY)).key;
  const kept = await keep(dataDir, KEY_FILE, create);
  // Another database than last time, or a key that was revoked.
  return (await apiKeys.validate(kept)) ? kept : keepAnew(dataDir, KEY_FILE, await create());
}

const DEMO_KEY = {
  organizationId: ORGANIZATION,
  name: 'demo',
  scopes: ['jobs:read', 'jobs:write', 'calls:report'],
  expiresAt: null,
} as const;
