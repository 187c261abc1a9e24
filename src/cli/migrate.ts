import { pino } from 'pino';
import type { Config } from '../config.ts';
import { DataDirectoryInUse } from '../db/embedded.ts';
import { migrate } from '../db/migrate.ts';
import { openDatabase } from '../deps.ts';
import { answer, type ExitCode, Failed, type Io } from './io.ts';

/** `blue-cycle migrate`: brings the schema up to date as its owner and grants the API's role the least it needs. */
export const runMigrate = async (options: { json?: boolean }, config: Config, io: Io): Promise<ExitCode> => {
  const logger = pino({ level: 'silent' });
  const { databaseSchema: schema } = config;
  const database = await openDatabase(config, logger).catch((error: unknown) => {
    throw error instanceof DataDirectoryInUse
      ? new Failed(`${error.message} A server migrates when it starts.`)
      : error;
  });
  try {
    await migrate({ ownerUrl: database.ownerUrl, schema, apiRole: database.apiRole });
    await answer(io, options.json, { ok: true, schema }, [`The schema ${schema} is up to date.`]);
    return 0;
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    throw new Failed(
      `${(error as Error).message}: migrations run as the schema's owner; set DATABASE_OWNER_URL.`,
    );
  } finally {
    await database.stop();
  }
};
