import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import { sha256 } from '../kernel/hash.ts';
import { instant } from '../kernel/time.ts';
import type { Entry } from '../ledger/entry.ts';
import type { AnyFact, Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readEntry, readFactsAt } from '../ledger/store.ts';
import { PLACES } from '../lots/sources.tables.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { DECIDERS } from '../supervision/cases.operations.ts';
import type { Case } from '../supervision/cases.tables.ts';
import type { Dispute } from '../supervision/disputes.tables.ts';

type DisputeReader = { db: Reader; pool: Queryable; keyring: Keyring };

/** Who reads what a collector said: those who answer for the weigh-in, and those who answer the dispute. */
const readsNotes = (caller: Caller, organisationId: string): boolean =>
  (DECIDERS as readonly string[]).includes(caller.role) || caller.organisationId === organisationId;

/** The disputes of a weigh-in as they stand at `now`, in milliseconds, the first one first. */
export const disputesOf = async (
  { db, pool, keyring }: DisputeReader,
  caller: Caller,
  { lotId, organisationId }: { lotId: string; organisationId: string },
  now: number,
) => {
  const rows = await db
    .withTables<{ disputes: Dispute; cases: Case }>()
    .selectFrom('disputes as d')
    .innerJoin('cases as c', 'c.id', 'd.caseId')
    .selectAll('d')
    .select('c.proposal')
    .where('d.lotId', '=', lotId)
    .orderBy('d.seq')
    .execute();
  const facts = await readFactsAt(
    pool,
    sha256,
    keyring,
    rows.map(({ seq }) => seq),
  );
  const speakers = [...facts.values()].flatMap(({ fact }) => fact.people[0]?.personId ?? []);
  const hidden = await hiddenPeople(db, caller, speakers);
  return rows.map(({ caseId: id, lotId: _, collectionId: __, siteId: ___, proposal, ...row }) => ({
    ...row,
    id,
    note: readsNotes(caller, organisationId) ? noteOf(facts.get(row.seq)!.fact, hidden) : null,
    at: instant(row.at),
    dueAt: instant(row.dueAt),
    overdue: row.outcome === null && row.dueAt < now,
    reason: row.outcome === null ? null : (proposal?.note ?? null),
    answeredAt: row.answeredAt === null ? null : instant(row.answeredAt),
  }));
};

const noteOf = ({ people: [person], private: more }: AnyFact, hidden: ReadonlySet<string>): string | null => {
  if (person != null && hidden.has(person.personId)) return null;
  return ((person?.part ?? more) as { note?: string }).note ?? null;
};

/** Domain, rule 8: no figure grouped by people for fewer. */
const FEWEST_PEOPLE = 5;

type Counts = {
  opened: number;
  answeredInTime: number;
  answeredLate: number;
  upheld: number;
  rejected: number;
  open: number;
  overdue: number;
};

/**
 * The public count of disputes after the entry `asOfSeq` (domain, rules 5 and 10): in all, and by site where at least
 * five people are behind them. People are counted where they handed in alone, so that a shared bag does not make
 * five of one. undefined when the entry is not written yet.
 */
export const disputeFigure = async (db: Reader, pool: Queryable, asOfSeq: number) => {
  const entry = await readEntry(pool, asOfSeq);
  if (entry === undefined) return undefined;
  const asOf = (JSON.parse(entry.bytes.toString('utf8')) as Entry).at;
  const answered = sql`coalesce(answered_seq <= ${asOfSeq}, false)`;
  const { rows } = await sql<Counts & { siteId: string | null }>`
    SELECT site_id,
      count(*)::int4 AS opened,
      count(*) FILTER (WHERE ${answered} AND answered_at <= due_at)::int4 AS answered_in_time,
      count(*) FILTER (WHERE ${answered} AND answered_at > due_at)::int4 AS answered_late,
      count(*) FILTER (WHERE ${answered} AND outcome = 'upheld')::int4 AS upheld,
      count(*) FILTER (WHERE ${answered} AND outcome = 'rejected')::int4 AS rejected,
      count(*) FILTER (WHERE NOT ${answered})::int4 AS open,
      count(*) FILTER (WHERE NOT ${answered} AND due_at < ${Date.parse(asOf)})::int4 AS overdue
    FROM disputes WHERE seq <= ${asOfSeq} GROUP BY GROUPING SETS ((), (site_id)) ORDER BY site_id`.execute(
    db,
  );
  const { rows: many } = await sql<{ siteId: string }>`
    SELECT d.site_id FROM disputes d JOIN lots l ON l.id = d.lot_id
    JOIN sources s ON s.key = l.seq * ${sql.lit(PLACES)} AND s.parties = 1
    JOIN source_parties p ON p.key = s.key
    WHERE d.seq <= ${asOfSeq} GROUP BY d.site_id HAVING count(DISTINCT p.person_id) >= ${FEWEST_PEOPLE}`.execute(
    db,
  );
  const shown = new Set(many.map(({ siteId }) => siteId));
  const { siteId: _, ...total } = rows.find(({ siteId }) => siteId === null)!;
  const sites = rows.flatMap(({ siteId, ...counts }) =>
    siteId !== null && shown.has(siteId) ? [{ siteId, ...counts }] : [],
  );
  return { asOfSeq, asOf, total, sites };
};
