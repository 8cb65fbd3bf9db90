import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironmentFile, readVariable } from '../env.js';
import { dataDir } from './data-dir.js';
import { endWithReader } from './end-with-reader.js';
import { Display, toLine, type WatchedJob } from './progress-line.js';
import { readEvents } from './progress-stream.js';
import { isUsageError, UsageError } from './usage.error.js';

const USAGE = `npm run watch -- <batch job id> [--url http://127.0.0.1:3000] [--key <API key>]

The key may also be in BATCH_JOBS_API_KEY. Without either it is that of the npm start in this folder.`;

const EMPTY: WatchedJob = {
  status: '',
  failureReason: null,
  totalContacts: 0,
  contactsProcessed: 0,
  statusBreakdown: {},
  estimatedCompletionTime: null,
};

const readArguments = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string', default: 'http://127.0.0.1:3000' }, key: { type: 'string' } },
  });
  const [id, ...others] = positionals;
  if (!id || others.length > 0) throw new UsageError('Name the one batch job to watch.');
  if (!URL.canParse(values.url))
    throw new UsageError(`'${values.url}' is not an address such as http://127.0.0.1:3000.`);
  const base = values.url.replace(/\/+$/, '');
  return { url: `${base}/batch/jobs/${encodeURIComponent(id)}/events`, key: values.key ?? findKey() };
};

const findKey = (): string => {
  const folder = dataDir();
  const kept = join(folder, 'demo-api-key');
  const key = readVariable('BATCH_JOBS_API_KEY') ?? (existsSync(kept) ? readFileSync(kept, 'utf8').trim() : '');
  if (key === '') {
    throw new UsageError(
      `Give an API key with --key or in BATCH_JOBS_API_KEY, or the data folder of the npm start in DATA_DIR: ${folder} has no key.`,
    );
  }
  return key;
};

/** @returns the last status of the job, or `'deleted'` */
async function watch(): Promise<string> {
  const { url, key } = readArguments();
  const display = new Display(process.stdout);
  let job = EMPTY;
  try {
    for await (const { event, data } of readEvents(url, key, () => display.show('connecting again …'))) {
      const told = JSON.parse(data) as Partial<WatchedJob>;
      if (event === 'end') return told.status ?? '';
      if (event !== 'status' && event !== 'counters') continue;
      job = { ...job, ...told };
      // Counters come with every status, right after it.
      if (event === 'counters') display.show(toLine(job));
    }
  } finally {
    display.end();
  }
  return '';
}

endWithReader();
loadEnvironmentFile();
try {
  const status = await watch();
  process.stdout.write(`The batch is ${status}.\n`);
  process.exitCode = status === 'completed' ? 0 : 1;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${isUsageError(error) ? `\n${USAGE}\n` : ''}`);
  process.exitCode = isUsageError(error) ? 2 : 1;
}
