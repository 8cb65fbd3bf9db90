import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import {
  DataSource,
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  type EntityManager,
} from 'typeorm';
import { isOutage, isWorthRetrying, sqlStateOf } from './sql-state.js';
import { UnavailableError } from './unavailable.error.js';

/** Name of our connection in a host application, whose default one stays its own. */
export const DATA_SOURCE_NAME = 'batch-jobs';

/** The part of a `pg` client that its types leave out. */
interface Session {
  readonly connection: { readonly stream: Socket };
}

// The first try and two more: what is worth retrying is over in milliseconds, and the caller is waiting.
const MAX_TRIES = 3;

/**
 * The way to PostgreSQL. Every statement of the service passes here, so that an outage has one meaning.
 *
 * Conflicts and lost sessions are tried again from the beginning, so `work` must touch nothing but its manager.
 *
 * @throws unavailable  no connection, no answer in time, or a conflict that outlasted the retries
 */
@Injectable()
export class Database {
  constructor(@InjectDataSource(DATA_SOURCE_NAME) private readonly dataSource: DataSource) {}

  /** Runs one statement, which is a transaction of its own. */
  query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.read((manager) => manager.query<Row[]>(sql, [...parameters]));
  }

  /** Runs `work` on one connection, each statement a transaction of its own. */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.withConnection(work);
      } catch (error) {
        const sqlState = outcomeOf(error);
        if (isWorthRetrying(sqlState) && tries < MAX_TRIES) continue;
        throw isOutage(sqlState) ? new UnavailableError(error) : error;
      }
    }
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.read((manager) => manager.transaction(work));
  }

  private async withConnection<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const connection = this.dataSource.createQueryRunner();
    try {
      const session = (await connection.connect().catch((error: unknown) => {
        throw new UnavailableError(error);
      })) as Session;
      return await work(connection.manager).catch(async (error: unknown) => {
        if (error instanceof QueryFailedError && sqlStateOf(error) === null) await abandon(session);
        throw error;
      });
    } finally {
      await connection.release();
    }
  }
}

/**
 * SQLSTATE of a failure. A session that ends between two statements fails none of them: TypeORM gives it up, and refuses
 * the next one before it is sent.
 *
 * @throws the error itself  it is none of the database's
 */
const outcomeOf = (error: unknown): string | null => {
  const isGivenUp =
    error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError;
  if (isGivenUp) return '08006';
  if (error instanceof QueryFailedError) return sqlStateOf(error);
  throw error;
};

/** Ends a session that nobody answers any more, before the pool can hand it out again. */
const abandon = async ({ connection: { stream } }: Session): Promise<void> => {
  if (stream.closed) return;
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
};
