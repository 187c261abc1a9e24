import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Entry } from '../ledger/entry.ts';
import { type Queryable, readEntriesAt } from '../ledger/store.ts';
import type { Lot } from '../lots/lots.tables.ts';
import type { By, PayoutRun } from '../payouts/payouts.tables.ts';
import type { Organisation, Site } from '../registry/registry.tables.ts';
import type { Scheme } from '../schemes/schemes.tables.ts';
import type { Statement } from '../statements/statements.tables.ts';
import type { Case } from '../supervision/cases.tables.ts';
import type { Clearing, Mark } from '../supervision/marks.tables.ts';

type Tables = {
  cases: Case;
  clearings: Clearing;
  lots: Lot;
  marks: Mark;
  organisations: Organisation;
  payoutRuns: PayoutRun;
  schemes: Scheme;
  sites: Site;
  statements: Statement;
};
const tables = (db: Reader) => db.withTables<Tables>();

/** When these entries were recorded, milliseconds since 1970, by position. */
export const recordedAll = async (pool: Queryable, seqs: readonly number[]): Promise<Map<number, number>> => {
  const entries = seqs.length === 0 ? [] : await readEntriesAt(pool, seqs);
  return new Map(
    entries.map(({ seq, bytes }) => [seq, Date.parse((JSON.parse(bytes.toString('utf8')) as Entry).at)]),
  );
};

/** Names by id; an id that is none stays without. */
export const namesOf = async (
  db: Reader,
  table: 'organisations' | 'sites',
  ids: readonly string[],
): Promise<Map<string, string>> => {
  if (ids.length === 0) return new Map();
  const rows = await tables(db).selectFrom(table).select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.flatMap(({ id, name }) => (name === null ? [] : [[id, name] as const])));
};

export const kindOf = async (db: Reader, organisationId: string): Promise<string | undefined> =>
  (
    await tables(db)
      .selectFrom('organisations')
      .select('kind')
      .where('id', '=', organisationId)
      .executeTakeFirst()
  )?.kind;

/** Who gains by each of these cases, and which sites it is about. */
export const casesOf = async (
  db: Reader,
  ids: readonly string[],
): Promise<Map<string, Pick<Case, 'organisationIds' | 'siteIds'>>> => {
  if (ids.length === 0) return new Map();
  const rows = await tables(db)
    .selectFrom('cases')
    .select(['id', 'organisationIds', 'siteIds'])
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, ...row }) => [id, row]));
};

/** Of marks: who gains by the clearing, as far as tables tell, and who proposed it. */
export const marksOf = async (
  db: Reader,
  ids: readonly string[],
): Promise<Map<string, { profiting: string[]; proposal: Clearing['proposal'] | null }>> => {
  if (ids.length === 0) return new Map();
  const found = await tables(db).selectFrom('marks').selectAll().where('id', 'in', ids).execute();
  const proposed = await tables(db)
    .selectFrom('clearings')
    .selectAll()
    .where('markId', 'in', ids)
    .where('state', '=', 'proposed')
    .execute();
  const held = ({ lotIds, subjectId }: Mark): string[] => lotIds ?? [subjectId];
  const lotIds = [...new Set(found.flatMap(held))];
  const owners = await tables(db)
    .selectFrom('lots')
    .select(['id', 'organisationId'])
    .where('id', 'in', lotIds)
    .execute();
  const ownerOf = new Map(owners.map(({ id, organisationId }) => [id, organisationId]));
  return new Map(
    found.map((mark) => [
      mark.id,
      {
        profiting: [
          mark.organisationId,
          ...(mark.organisationIds ?? []),
          ...held(mark).flatMap((id) => ownerOf.get(id) ?? []),
        ],
        proposal: proposed.find(({ markId }) => markId === mark.id)?.proposal ?? null,
      },
    ]),
  );
};

/** Of a statement: who gains, who agreed so far, and the one body that may decide, where there is one. */
export const statementOf = async (db: Reader, id: string) => {
  const row = await tables(db)
    .selectFrom('statements')
    .innerJoin('schemes', 'schemes.code', 'statements.scheme')
    .select([
      'statements.organisationIds',
      'statements.approvals',
      'statements.holderId',
      'statements.sellerId',
      'schemes.rules',
      'schemes.organisationId as schemeOrganisationId',
    ])
    .where('statements.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { rules, schemeOrganisationId, ...rest } = row;
  return { ...rest, rules, only: rules.issues === 'certificate' ? schemeOrganisationId : null };
};

export const makersOf = async (db: Reader, ids: readonly string[]): Promise<Map<string, By>> => {
  if (ids.length === 0) return new Map();
  const rows = await tables(db)
    .selectFrom('payoutRuns')
    .select(['id', 'maker'])
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, maker }) => [id, maker]));
};

/** Sites where something may stand too long: with limits for lots, and with pollutants; at most so many of each. */
export const sitesToLookAt = async (db: Reader, most: number) => {
  const { rows: limited } = await sql<{ id: string; name: string }>`
    SELECT id, name FROM sites WHERE state = 'active' AND storage_limits::text <> '[]' ORDER BY seq LIMIT ${most}`.execute(
    db,
  );
  const { rows: pollutants } = await sql<{ id: string; name: string }>`
    SELECT id, name FROM sites s WHERE EXISTS (SELECT FROM pollutant_postings p WHERE p.site_id = s.id)
    ORDER BY seq LIMIT ${most}`.execute(db);
  return { limited, pollutants };
};
