import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';

/** For reading; a feature names its tables with `withTables`. Everything written passes through the door. */
export type Reader = Kysely<object>;

export const createReader = (pool: pg.Pool): Reader =>
  new Kysely<object>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
