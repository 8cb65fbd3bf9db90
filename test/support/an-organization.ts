import { NestFactory } from '@nestjs/core';
import { ApiKeysService } from '../../src/access/api-keys.service.js';
import { OrganizationsService } from '../../src/access/organizations.service.js';
import { AppModule } from '../../src/app.module.js';
import type { SettingsInput } from '../../src/shared/settings.js';

/**
 * `org_a` with the number `phone_a` and a key, made by the service's own code, for processes that run for themselves.
 *
 * @param concurrentCallLimit 0: its batches start, and nobody is called
 * @returns the key
 */
export async function anOrganization(settings: SettingsInput, concurrentCallLimit: number): Promise<string> {
  const module = AppModule.forRole(settings, { mountHttp: false, consumeQueues: false });
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  const organizations = app.get(OrganizationsService, { strict: false });
  await organizations.ensure('org_a', 'Organization a');
  await organizations.setCallLimit('org_a', concurrentCallLimit);
  await organizations.addPhoneNumber({
    id: 'phone_a',
    organizationId: 'org_a',
    phoneNumber: '+12025550100',
    outboundAgent: { id: 'agent_a', channel: 'voice' },
  });
  const scopes = ['jobs:read', 'jobs:write'] as const;
  const apiKeys = app.get(ApiKeysService, { strict: false });
  const { key } = await apiKeys.create({ organizationId: 'org_a', name: 'test', scopes, expiresAt: null });
  await app.close();
  return key;
}
