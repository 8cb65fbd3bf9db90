import { QueryFailedError, type DataSource } from 'typeorm';
import { sqlStateOf } from '../../src/shared/sql-state.js';

const DEADLOCK = '40P01';

/**
 * Empties tables while workers are at work: of two who wait for each other, PostgreSQL ends one, and this may be it.
 */
export async function truncate(database: DataSource, tables: string): Promise<void> {
  for (;;) {
    try {
      await database.query(`truncate ${tables} cascade`);
      return;
    } catch (error) {
      if (!(error instanceof QueryFailedError) || sqlStateOf(error) !== DEADLOCK) throw error;
    }
  }
}
