import { Injectable, Logger } from '@nestjs/common';
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
import { PROBE } from './database.statements.js';
import { ServerWatch, type ServerState } from './server-watch.js';
import { SharedAnswer } from './shared-answer.js';
import { isOutage, isStalePlan, isWorthRetrying, isWriteRefusal, READ_ONLY, sqlStateOf } from './sql-state.js';
import { run, type Statement } from './statement.js';
import { UnavailableError } from './unavailable.error.js';

/** Name of our connection in a host application, whose default one stays its own. */
export const DATA_SOURCE_NAME = 'batch-jobs';

/** The part of a `pg` client that its types leave out. */
interface Session {
  readonly connection: { readonly stream: Socket };
}

// What PostgreSQL itself calls it (class 08, connection exception).
const CONNECTION_LOST = '08006';

/** TypeORM drops a session that ended between two statements, and refuses the next one unsent: a commit, perhaps. */
const isOfLostSession = (error: unknown): boolean =>
  error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError;

// The first try and two more: what is worth retrying is over in milliseconds, and the caller is waiting.
const MAX_TRIES = 3;

// After a failover the pool holds sessions to what was the primary. One that is younger has met what is there now.
const READ_ONLY_SESSION_KEPT_MS = 2_000;

const PROBE_SHARED_MS = 1_000;

/**
 * The way to PostgreSQL. Every statement of the service passes here, so that an outage has one meaning.
 *
 * Conflicts and lost sessions are tried again from the beginning, so `work` must touch nothing but its manager.
 *
 * @throws unavailable  no connection, no answer in time, no change taken, or a conflict that outlasted the retries
 */
@Injectable()
export class Database {
  private readonly watch = new ServerWatch('postgres', new Logger(Database.name));
  private readonly probed = new SharedAnswer(() => this.tryToWrite(), PROBE_SHARED_MS);
  private readonly openedAt = new WeakMap<Session, number>();

  constructor(@InjectDataSource(DATA_SOURCE_NAME) private readonly dataSource: DataSource) {}

  /** Tries to write, once a second for all who ask. A refusal that anybody met in the last seconds counts as well. */
  probe(): Promise<ServerState> {
    return this.probed.get();
  }

  /** Runs one statement, which is a transaction of its own. */
  run<Parameters extends object, Row extends object>(
    ran: Statement<Parameters, Row>,
    values: Parameters,
  ): Promise<Row[]> {
    return this.read((manager) => run(manager, ran, values));
  }

  /** Runs `work` on one connection, each statement a transaction of its own. */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        const result = await this.withConnection(work);
        // Reads go on while writes are refused, so a result alone does not tell that those are over.
        if (this.watch.state === 'refuses_writes') void this.probe();
        return result;
      } catch (error) {
        // Not a try: at most every session of the pool is met once, as the new ones are younger.
        if (error instanceof OutlivedSessionError) continue;
        const isLost = isOfLostSession(error);
        if (!isLost && !(error instanceof QueryFailedError)) throw error;
        const sqlState = isLost ? CONNECTION_LOST : sqlStateOf(error as QueryFailedError);
        if (isWorthRetrying(sqlState) && tries < MAX_TRIES) continue;
        throw isOutage(sqlState) ? this.unavailable(error, sqlState) : error;
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
      const isOld = this.ageOf(session) > READ_ONLY_SESSION_KEPT_MS;
      return await work(connection.manager).catch(async (error: unknown) => {
        if (!(error instanceof QueryFailedError)) throw error;
        const sqlState = sqlStateOf(error);
        const isOutlived = isStalePlan(error) || (sqlState === READ_ONLY && isOld);
        if (sqlState === null || isOutlived) await abandon(session);
        throw isOutlived ? new OutlivedSessionError() : error;
      });
    } finally {
      await connection.release();
    }
  }

  /** In milliseconds since it was first used. */
  private ageOf(session: Session): number {
    const now = performance.now();
    if (!this.openedAt.has(session)) this.openedAt.set(session, now);
    return now - (this.openedAt.get(session) ?? now);
  }

  private unavailable(cause: unknown, sqlState: string | null): UnavailableError {
    const refusesWrites = isWriteRefusal(sqlState);
    if (refusesWrites) this.watch.noteRefusal({ sqlState, reason: (cause as Error).message });
    return new UnavailableError(cause, refusesWrites);
  }

  private async tryToWrite(): Promise<ServerState> {
    try {
      await this.run(PROBE, {});
      this.watch.noteWrite();
      return this.watch.state;
    } catch (error) {
      return error instanceof UnavailableError && error.refusesWrites ? 'refuses_writes' : 'down';
    }
  }
}

/**
 * The session was opened to a server that has become read-only since: another may be the primary by now. Or it has plans
 * of tables that have changed.
 */
class OutlivedSessionError extends Error {}

/** Ends a session that nobody answers any more, or of no use, before the pool can hand it out again. */
const abandon = async ({ connection: { stream } }: Session): Promise<void> => {
  if (stream.closed) return;
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
};
