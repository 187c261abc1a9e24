import type { Reader } from '../db/reader.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import { openMarks } from '../supervision/marks.queries.ts';
import type { ProcessRun } from './processing.tables.ts';

/** undefined when there is none, or it is another's. */
export const findRun = async (db: Reader, caller: Caller, id: string): Promise<ProcessRun | undefined> => {
  const runs = db.withTables<{ processRuns: ProcessRun }>().selectFrom('processRuns');
  const run = await runs.selectAll().where('id', '=', id).executeTakeFirst();
  if (run === undefined || !maySee(caller, run.organisationId, run.siteId)) return undefined;
  const marks = await openMarks(db, [{ id, recorded: run.marks }]);
  return { ...run, marks: marks.get(id)! };
};
