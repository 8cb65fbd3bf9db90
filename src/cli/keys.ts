import { parseArgs } from 'node:util';
import { SCOPES, type Scope } from '../access/scopes.js';
import { TimezoneService } from '../scheduling/timezone.service.js';
import { toUtcOrNull } from '../shared/utc.js';
import { administer, type Administration } from './administration.js';
import { UsageError } from './usage.error.js';

const USAGE = `npm run keys -- create --organization <id> [--organization-name <name>] [--name <name>]
                       [--scopes ${SCOPES.join(',')}] [--expires 2027-03-01T00:00:00Z]
npm run keys -- list
npm run keys -- revoke <key id>`;

/** Without `--scopes`: what a client of the API needs. */
const USUAL_SCOPES = 'jobs:read,jobs:write';

async function create({ apiKeys, organizations }: Administration, args: string[]): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      organization: { type: 'string' },
      'organization-name': { type: 'string' },
      name: { type: 'string', default: 'api key' },
      scopes: { type: 'string', default: USUAL_SCOPES },
      expires: { type: 'string' },
    },
  });
  const { organization, name, scopes, expires } = values;
  if (!organization) throw new UsageError('Name the organization with --organization.');
  const asked = { organizationId: organization, name, scopes: toScopes(scopes), expiresAt: toExpiry(expires) };

  await organizations.ensure(organization, values['organization-name'] ?? organization);
  const { id, key } = await apiKeys.create(asked);
  return `Created ${id} for ${organization}. The key is shown this once:\n${key}`;
}

async function list({ apiKeys }: Administration, args: string[]): Promise<string> {
  parseArgs({ args });
  const rows: string[] = [];
  for await (const key of apiKeys.list()) {
    rows.push(
      [
        key.id,
        key.organizationId,
        key.name,
        key.beginning === null ? 'beginning unknown' : `${key.beginning}…`,
        key.scopes.join(','),
        key.revokedAt ? 'revoked' : `expires ${toUtcOrNull(key.expiresAt) ?? 'never'}`,
        `last used ${toUtcOrNull(key.lastUsedAt) ?? 'never'}`,
      ].join('  '),
    );
  }
  return rows.join('\n') || 'No keys.';
}

async function revoke({ apiKeys }: Administration, args: string[]): Promise<string> {
  const [id] = parseArgs({ args, allowPositionals: true }).positionals;
  if (!id) throw new UsageError('Name the key to revoke; npm run keys -- list shows the ids.');
  if (!(await apiKeys.revoke(id))) throw new Error(`There is no key ${id} in force.`);
  return `Revoked ${id}. It is refused from now on.`;
}

const toScopes = (text: string): Scope[] =>
  text.split(',').map((word) => {
    const scope = SCOPES.find((known) => known === word.trim());
    if (!scope) throw new UsageError(`Unknown scope '${word}'. The scopes are ${SCOPES.join(', ')}.`);
    return scope;
  });

const toExpiry = (text: string | undefined): Date | null => {
  if (text === undefined) return null;
  const instant = new TimezoneService().parseInstant(text);
  if (!instant) throw new UsageError(`'${text}' is not an instant such as 2027-03-01T00:00:00Z.`);
  return instant;
};

await administer(USAGE, (on) => {
  const [verb, ...args] = process.argv.slice(2);
  if (verb === 'create') return create(on, args);
  if (verb === 'list') return list(on, args);
  if (verb === 'revoke') return revoke(on, args);
  throw new UsageError(`Unknown command '${verb ?? ''}'.`);
});
