import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { parseArgs } from 'node:util';
import { AGENT_CHANNELS } from '../access/phone-number.entity.js';
import { administer, type Administration } from './administration.js';
import { UsageError } from './usage.error.js';

const USAGE = `npm run phone-numbers -- add --organization <id> --number <E.164> [--id <id>]
                                [--agent <id>] [--channel ${AGENT_CHANNELS.join('|')}]
npm run phone-numbers -- list`;

async function add({ organizations }: Administration, args: string[]): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      organization: { type: 'string' },
      number: { type: 'string' },
      id: { type: 'string' },
      agent: { type: 'string' },
      channel: { type: 'string', default: 'voice' },
    },
  });
  const { organization, number = '', id, agent } = values;
  if (!organization) throw new UsageError('Name the organization with --organization.');
  const phoneNumber = parsePhoneNumberFromString(number);
  if (!phoneNumber?.isPossible()) throw new UsageError('Give the number in E.164 with --number, such as +12025550100.');
  const channel = AGENT_CHANNELS.find((known) => known === values.channel);
  if (!channel) throw new UsageError(`Unknown channel '${values.channel}'. It is one of ${AGENT_CHANNELS.join(', ')}.`);

  const added = await organizations.addPhoneNumber({
    id,
    organizationId: organization,
    phoneNumber: phoneNumber.number,
    outboundAgent: agent ? { id: agent, channel } : null,
  });
  if (!added) throw new Error(`The id ${id} is taken. Choose another.`);
  return agent
    ? `Added ${added}.`
    : `Added ${added}, without an agent: it cannot place calls until it has one (--agent).`;
}

async function list({ organizations }: Administration, args: string[]): Promise<string> {
  parseArgs({ args });
  const rows: string[] = [];
  for await (const number of organizations.listPhoneNumbers()) {
    rows.push(
      [
        number.id,
        number.organizationId,
        number.phoneNumber,
        number.outboundAgentId ? `${number.outboundAgentId} (${number.outboundAgentChannel})` : 'no agent',
      ].join('  '),
    );
  }
  return rows.join('\n') || 'No phone numbers.';
}

await administer(USAGE, (on) => {
  const [verb, ...args] = process.argv.slice(2);
  if (verb === 'add') return add(on, args);
  if (verb === 'list') return list(on, args);
  throw new UsageError(`Unknown command '${verb ?? ''}'.`);
});
