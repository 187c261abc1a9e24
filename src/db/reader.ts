import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';

/** For reading; a feature names its tables with `withTables`. Everything written passes through the door. */
export type Reader = Kysely<object>;

export const createReader = (pool: pg.Pool): Reader =>
  new Kysely<object>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });

/** Reads everything as of one moment, so that what several queries say belongs together. */
export const inSnapshot = <T>(db: Reader, read: (db: Reader) => Promise<T>): Promise<T> =>
  db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read);
