import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { migrationOptions } from './src/database/data-source.js';
import { loadEnvironmentFile, readVariable } from './src/env.js';

loadEnvironmentFile();
const databaseUrl = readVariable('DATABASE_URL');
if (!databaseUrl)
  throw new Error(
    'Set DATABASE_URL to the PostgreSQL to migrate, such as postgres://user:password@host:5432/database.',
  );

/** For the `typeorm` command: `npx typeorm migration:show -d dist/ormconfig.js`. */
export default new DataSource(migrationOptions(databaseUrl));
