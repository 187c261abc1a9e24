import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { ClaimSums } from '../statements/verify.schema.ts';

type Row = { id: string; state: string; grams: number };
type Named = { id: string; name: string; grams: number };

const EMPTY: ClaimSums = {
  ...{ reservedGrams: 0, tradableGrams: 0, frozenGrams: 0, retiredGrams: 0, cancelledGrams: 0 },
  ...{ recalledGrams: 0, elsewhereGrams: 0, retiredFor: [] },
};
const FIELD: ReadonlyMap<string, keyof Omit<ClaimSums, 'retiredFor'>> = new Map([
  ['reserved', 'reservedGrams'],
  ['issued', 'tradableGrams'],
  ['transferred', 'tradableGrams'],
  ['frozen', 'frozenGrams'],
  ['retired', 'retiredGrams'],
  ['cancelled', 'cancelledGrams'],
  ['recalled', 'recalledGrams'],
]);

/** What became of the grams of each statement that has claims, in grams, and for whom they were retired where that may be named. */
export const claimSums = async (
  db: Reader,
  statementIds: readonly string[],
): Promise<Map<string, ClaimSums>> => {
  if (statementIds.length === 0) return new Map();
  const ids = sql`${[...new Set(statementIds)]}::uuid[]`;
  const claimed = sql`
    WITH asked AS (SELECT id, sale_id FROM statements WHERE id = ANY(${ids})),
    claimed AS (SELECT a.id, c.state, c.grams, c.retirement FROM asked a JOIN claims c ON c.sale_id = a.sale_id
      WHERE c.statement_ids::jsonb @> to_jsonb(a.id::text))`;
  const sums = await sql<Row>`${claimed}
    SELECT id, state, sum(grams)::int8 AS grams FROM claimed GROUP BY id, state`.execute(db);
  const names = await sql<Named>`${claimed}
    SELECT c.id, n.name, sum(c.grams)::int8 AS grams FROM claimed c
    JOIN public_names n ON n.organisation_id = (c.retirement ->> 'beneficiaryId')::uuid
    WHERE c.state = 'retired' AND c.retirement ->> 'named' = 'true'
    GROUP BY c.id, n.name ORDER BY grams DESC, n.name LIMIT 1000`.execute(db);
  const elsewhere = await sql<Row>`
    SELECT s.id, '' AS state, b.elsewhere AS grams FROM statements s JOIN gram_books b ON b.id = s.sale_id
    WHERE s.id = ANY(${ids})`.execute(db);
  const found = new Map<string, ClaimSums>();
  const of = (id: string): ClaimSums => {
    const sums = found.get(id) ?? { ...EMPTY, retiredFor: [] };
    found.set(id, sums);
    return sums;
  };
  for (const { id, state, grams } of sums.rows) {
    const field = FIELD.get(state);
    if (field !== undefined) of(id)[field] += grams;
  }
  for (const { id, name, grams } of names.rows) of(id).retiredFor.push({ name, grams });
  for (const { id, grams } of elsewhere.rows) of(id).elsewhereGrams = grams;
  return found;
};
