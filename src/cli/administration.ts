import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { ApiKeysService } from '../access/api-keys.service.js';
import { OrganizationsService } from '../access/organizations.service.js';
import { dataSourceOptions } from '../database/data-source.js';
import { serviceFile } from '../embedded/service-file.js';
import { loadEnvironmentFile, readEnvironment, readVariable } from '../env.js';
import { Database } from '../shared/database.js';
import { dataDir } from './data-dir.js';
import { endWithReader } from './end-with-reader.js';
import { isUsageError } from './usage.error.js';

/** What the administration commands work with. */
export interface Administration {
  readonly apiKeys: ApiKeysService;
  readonly organizations: OrganizationsService;
}

/**
 * Runs one command on the configured database, or else on that of the `npm start` that runs in this folder.
 * The process ends with 0 done, 1 failed, 2 not understood; by itself, so that all is written: a pipe takes 64 KB at a
 * time.
 */
export async function administer(usage: string, command: (on: Administration) => Promise<string>): Promise<void> {
  endWithReader();
  try {
    process.stdout.write(`${await withDatabase(command)}\n`);
  } catch (error) {
    const isUsage = isUsageError(error);
    process.stderr.write(`${explain(error)}\n${isUsage ? `\n${usage}\n` : ''}`);
    process.exitCode = isUsage ? 2 : 1;
  }
}

async function withDatabase<T>(work: (on: Administration) => Promise<T>): Promise<T> {
  loadEnvironmentFile();
  if (!readVariable('DATABASE_URL')) process.loadEnvFile(findRunning(dataDir()));

  // No command places a call.
  const environment = readEnvironment({ dialer: 'simulated' });
  const dataSource = await new DataSource(
    dataSourceOptions(environment.databaseUrl, 2, environment.databasePooler),
  ).initialize();
  try {
    const database = new Database(dataSource);
    return await work({
      apiKeys: new ApiKeysService(database, environment),
      organizations: new OrganizationsService(database),
    });
  } finally {
    await dataSource.destroy();
  }
}

/** @throws when no service runs on the folder: what is missing then is the right folder, and no address */
const findRunning = (folder: string): string => {
  const running = serviceFile(folder);
  if (existsSync(running)) return running;
  throw new Error(
    `No npm start runs on the data folder ${folder}, and DATABASE_URL is not set. If one runs on another folder, name that ` +
      'in DATA_DIR, as it was named there. Otherwise run npm start, or set DATABASE_URL, REDIS_URL and API_KEY_PEPPER.',
  );
};

const explain = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'PostgreSQL does not answer. Start it, or run npm start in another terminal.';
  if (code === '42P01') return 'The tables are missing. Run npm run migration:run first.';
  if (code === '23503')
    return 'There is no such organization. Make one with: npm run keys -- create --organization <id>';
  return message;
};
