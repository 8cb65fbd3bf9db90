import type { DataSource } from 'typeorm';
import { Clock } from '../../src/shared/clock.js';

/**
 * A clock that can be set, for the process and for PostgreSQL alike, so that a test lives at any date.
 * Time goes on from there.
 */
export class TestClock extends Clock {
  private offsetMs = 0;

  override now(): Date {
    return new Date(Date.now() + this.offsetMs);
  }

  /**
   * The statements of the product say `clock_timestamp()`. In the test database a function of that name in `public`
   * comes first on the search path, and adds an offset: the product's SQL runs unchanged.
   */
  static async prepare(database: DataSource): Promise<void> {
    const [{ name }] = await database.query<[{ name: string }]>('select current_database() as name');
    await database.query(`
      create table test_clock (offset_ms double precision not null);
      insert into test_clock values (0);
      create function public.clock_timestamp() returns timestamptz volatile language sql as $$
        select pg_catalog.clock_timestamp() + (select offset_ms from public.test_clock) * interval '1 millisecond'
      $$;
      alter database ${name} set search_path = public, pg_catalog;
    `);
  }

  async set(now: string, database: DataSource): Promise<void> {
    this.offsetMs = Date.parse(now) - Date.now();
    await database.query('update public.test_clock set offset_ms = $1', [this.offsetMs]);
  }
}
