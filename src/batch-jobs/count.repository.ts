import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import { FOLD_COUNT_CHANGES } from './count.statements.js';

/** How many batch jobs there are. Read where lists are: `ListRepository`. */
@Injectable()
export class CountRepository {
  constructor(private readonly database: Database) {}

  /** Adds appended changes up, at most `limit`. @returns how many it were */
  async fold(limit: number): Promise<number> {
    const [{ changes }] = await this.database.run(FOLD_COUNT_CHANGES, { limit });
    return changes;
  }
}
