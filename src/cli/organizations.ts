import { parseArgs } from 'node:util';
import { administer, type Administration } from './administration.js';
import { UsageError } from './usage.error.js';

const USAGE = `npm run organizations -- list
npm run organizations -- limit --organization <id> --calls <0 to 10000>`;

// The check constraint of the column says the same.
const MAX_CALLS = 10_000;

async function list({ organizations }: Administration, args: string[]): Promise<string> {
  parseArgs({ args });
  const rows: string[] = [];
  for await (const { id, name, concurrentCallLimit } of organizations.list()) {
    rows.push([id, name, `${concurrentCallLimit} calls at one time`].join('  '));
  }
  return rows.join('\n') || 'No organizations.';
}

async function limit({ organizations }: Administration, args: string[]): Promise<string> {
  const { values } = parseArgs({ args, options: { organization: { type: 'string' }, calls: { type: 'string' } } });
  const { organization, calls = '' } = values;
  if (!organization) throw new UsageError('Name the organization with --organization.');
  if (!/^\d{1,5}$/.test(calls) || Number(calls) > MAX_CALLS) {
    throw new UsageError(`Give the limit with --calls, a whole number from 0 to ${MAX_CALLS}.`);
  }
  if (!(await organizations.setCallLimit(organization, Number(calls)))) {
    throw new Error(`There is no organization ${organization}. npm run organizations -- list shows them.`);
  }
  return `${organization} may have ${Number(calls)} calls at one time. Calls in progress go on.`;
}

await administer(USAGE, (on) => {
  const [verb, ...args] = process.argv.slice(2);
  if (verb === 'list') return list(on, args);
  if (verb === 'limit') return limit(on, args);
  throw new UsageError(`Unknown command '${verb ?? ''}'.`);
});
