import type { Reader } from '../db/reader.ts';
import { ORIGIN_MARKS } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import { maySee } from '../registry/access.ts';
import type { Site } from '../registry/registry.tables.ts';
import { openMarks } from '../supervision/marks.queries.ts';
import type { ProvisionalEarning } from './earnings.tables.ts';

type Tables = { provisionalEarnings: ProvisionalEarning; sites: Site };
export type Waiting = ProvisionalEarning & { organisationId: string };

const waitingIn = (db: Reader) =>
  db
    .withTables<Tables>()
    .selectFrom('provisionalEarnings')
    .innerJoin('sites', 'sites.id', 'provisionalEarnings.siteId')
    .selectAll('provisionalEarnings')
    .select('sites.organisationId')
    .where('provisionalEarnings.state', '=', 'open');

/** What is open, in ledger order; one more than `limit`. */
export const listWaiting = async (
  db: Reader,
  caller: Caller,
  after: number,
  limit: number,
): Promise<Waiting[]> => {
  let query = waitingIn(db).where('provisionalEarnings.seq', '>', after);
  const all = caller.role === 'payer' || maySee(caller, '', null);
  if (!all) query = query.where('sites.organisationId', '=', caller.organisationId);
  if (caller.siteIds !== null) query = query.where('sites.id', 'in', [...caller.siteIds]);
  return query
    .orderBy('provisionalEarnings.seq')
    .limit(limit + 1)
    .execute();
};

/** Weigh-ins whose time to decide has passed, in milliseconds. */
export const waitedTooLong = (db: Reader, now: number, most: number): Promise<Waiting[]> =>
  waitingIn(db)
    .where('provisionalEarnings.dueAt', '<=', now)
    .orderBy('provisionalEarnings.dueAt')
    .limit(most)
    .execute();

/** Of what waits for these lots, that about which no mark is open any more. */
export const waitingUndoubted = async (db: Reader, lotIds: readonly string[]): Promise<Waiting[]> => {
  if (lotIds.length === 0) return [];
  const rows = await waitingIn(db)
    .where('provisionalEarnings.lotId', 'in', [...lotIds])
    .execute();
  const recorded = [...ORIGIN_MARKS, 'possible-duplicate'];
  const open = await openMarks(
    db,
    rows.map(({ lotId }) => ({ id: lotId, recorded: [] })),
  );
  return rows.filter(({ lotId }) => !open.get(lotId)!.some((code) => recorded.includes(code)));
};
