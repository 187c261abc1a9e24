import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import { UUID } from '../kernel/ids.ts';
import { type Queryable, readEntriesAt } from '../ledger/store.ts';
import type { Lot } from '../lots/lots.tables.ts';
import { findBatchSummary, findVector } from '../provenance/provenance.queries.ts';
import { decodeVector, sourceSeq } from '../provenance/shares.ts';
import { FEWEST_PEOPLE, type LotSummary } from '../provenance/summary.ts';
import type { PublicName } from '../registry/public-names.tables.ts';
import type { Site } from '../registry/registry.tables.ts';
import type { Product } from '../resale/products.tables.ts';
import type { Batch } from '../resale/resale.tables.ts';
import { CODE, plainCode } from '../statements/checking.ts';
import type { Statement } from '../statements/statements.tables.ts';
import type { Move, WayLoss } from './way.ts';

type Tables = {
  batches: Batch;
  products: Product;
  statements: Statement;
  sites: Site;
  publicNames: PublicName;
  lots: Lot;
};
const tables = (db: Reader) => db.withTables<Tables>();

/** What a code stands for: a batch, or what was made or stated of one. */
export type Named = {
  /** As it stands in the address of the page. */
  code: string;
  batch: Batch;
  product: Product | null;
  /** The code of the statement that was asked for. */
  statement: string | null;
};

/** By the code of a batch or of a statement as people type it, or by the id of a batch or a product. */
export const findNamed = async (db: Reader, typed: string): Promise<Named | undefined> => {
  const code = plainCode(typed);
  const id = typed.toLowerCase();
  const batchRows = tables(db).selectFrom('batches').selectAll();
  const byId = (batchId: string) => batchRows.where('id', '=', batchId).executeTakeFirst();
  if (CODE.test(code)) {
    const batch = await batchRows.where('code', '=', code).executeTakeFirst();
    if (batch !== undefined) return { code, batch, product: null, statement: null };
    const stated = await tables(db)
      .selectFrom('statements')
      .select('batchId')
      .where('code', '=', code)
      .executeTakeFirst();
    const of = stated && (await byId(stated.batchId));
    return of && { code, batch: of, product: null, statement: code };
  }
  if (!UUID.test(id)) return undefined;
  const batch = await byId(id);
  if (batch !== undefined) return { code: batch.code, batch, product: null, statement: null };
  const product = await tables(db).selectFrom('products').selectAll().where('id', '=', id).executeTakeFirst();
  if (product === undefined || product.state !== 'made') return undefined;
  const of = await byId(product.batchId);
  return of && { code: id, batch: of, product, statement: null };
};

const WAY = sql`
  way(lot_id) AS (
    SELECT lot_id FROM start
    UNION
    SELECT taken.lot_id FROM way
    JOIN lot_moves made ON made.lot_id = way.lot_id AND made.direction = 'out'
    JOIN lot_moves taken ON taken.seq = made.seq AND taken.direction = 'in'),
  facts AS (SELECT DISTINCT m.seq FROM way JOIN lot_moves m USING (lot_id) WHERE m.direction = 'out')`;

/** What came in, by what it is and how its origin is known, with the days of it. */
export type CameIn = {
  kind: string;
  originClass: string;
  evidence: string | null;
  first: string;
  last: string;
  times: number;
  grams: number;
  /** Positions of some of the facts, spread over all, for a reader to check. */
  sample: number[];
};

/** A fact on the way. */
export type WayFact = { seq: number; at: string; type: string; siteId: string | null };

/** At most so many facts are told one by one, besides those that brought something in. */
const MOST_FACTS = 300;

/** Everything that led to a batch: moves and losses of grams, what came in, and the facts between. */
export const readWay = async (db: Reader, pool: Queryable, { lotId, seq: sealed }: Batch) => {
  const start = sql`start(lot_id) AS (SELECT ${lotId}::uuid)`;
  const moves = await sql<Move>`
    WITH RECURSIVE ${start}, ${WAY}
    SELECT m.seq, m.direction, made.seq AS maker, l.kind, l.material, l.form,
      CASE WHEN made.seq IS NULL THEN coalesce(s.origin_class, l.origin_class) END AS "originClass",
      m.lot_id IN (SELECT lot_id FROM way) AS "onWay", sum(m.grams)::int8 AS grams
    FROM facts JOIN lot_moves m USING (seq) JOIN lots l ON l.id = m.lot_id
    LEFT JOIN lot_moves made ON made.lot_id = m.lot_id AND made.direction = 'out'
    LEFT JOIN sources s ON s.key = l.seq * 128 + l.place
    WHERE m.direction IN ('in', 'out')
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3`.execute(db);
  const losses = await sql<WayLoss>`
    WITH RECURSIVE ${start}, ${WAY}
    SELECT maker, kind, "originClass", lot, sum(grams)::int8 AS grams FROM (
      SELECT x.seq AS maker, x.kind, NULL AS "originClass", false AS lot, x.grams
      FROM facts JOIN lot_losses x USING (seq) WHERE x.lot_id IS NULL
      UNION ALL
      SELECT made.seq, x.kind, s.origin_class, true, x.grams
      FROM way JOIN lot_losses x USING (lot_id) JOIN lots l ON l.id = x.lot_id
      LEFT JOIN lot_moves made ON made.lot_id = x.lot_id AND made.direction = 'out'
      LEFT JOIN sources s ON s.key = l.seq * 128 + l.place
      WHERE x.lot_id <> ${lotId} AND x.seq < ${sealed}) each_loss
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3`.execute(db);
  const facts = await sql<{ seq: number }>`
    WITH RECURSIVE ${start}, ${WAY}
    SELECT seq FROM (
      SELECT seq FROM facts UNION SELECT p.seq FROM way JOIN lot_places p USING (lot_id) WHERE p.seq <= ${sealed}) f
    ORDER BY seq DESC LIMIT ${MOST_FACTS + 1}`.execute(db);
  const seqs = facts.rows.map(({ seq }) => seq);
  const stored = await readEntriesAt(pool, seqs.slice(0, MOST_FACTS).reverse());
  return {
    moves: moves.rows,
    losses: losses.rows,
    facts: stored.flatMap(({ bytes }) => factOf(bytes)),
    isCut: seqs.length > MOST_FACTS,
  };
};

/** Nothing where the bytes are no entry: somebody changed them, and the page's verdict says so. */
const factOf = (bytes: Buffer): WayFact[] => {
  try {
    const { seq, at, type, data } = JSON.parse(bytes.toString('utf8'));
    const siteId = typeof data.siteId === 'string' ? data.siteId : null;
    return [{ seq, at, type, siteId }];
  } catch {
    return [];
  }
};

/** The exact grams of the batch by what they were, and how it is known where they come from. */
export const readCameIn = async (db: Reader, lotId: string): Promise<CameIn[]> => {
  const lot = await tables(db).selectFrom('lots').selectAll().where('id', '=', lotId).executeTakeFirst();
  const sealed = lot && (await firstVector(db, lot));
  if (!sealed) return [];
  const { rows } = await sql<Omit<CameIn, 'sample'> & { keys: number[] }>`
    SELECT s.kind, s.origin_class AS "originClass", s.origin_evidence AS evidence,
      min(s.day) AS first, max(s.day) AS last, count(*)::int4 AS times, sum(v.grams)::int8 AS grams,
      percentile_disc(ARRAY[0.1, 0.3, 0.5, 0.7, 0.9]) WITHIN GROUP (ORDER BY s.key) AS keys
    FROM unnest(${[...sealed.keys]}::int8[], ${[...sealed.grams]}::int8[]) v(key, grams) JOIN sources s USING (key)
    GROUP BY 1, 2, 3 ORDER BY grams DESC, 1, 2, 3`.execute(db);
  return rows.map(({ keys, ...group }) => ({ ...group, sample: [...new Set(keys.map(sourceSeq))] }));
};

/** Whose grams were in the lot when it was made: what is drawn of it later does not change where it comes from. */
const firstVector = async (db: Reader, lot: Lot) => {
  const { rows } = await sql<{ vector: Buffer }>`
    SELECT vector FROM lot_vectors WHERE lot_id = ${lot.id} ORDER BY seq LIMIT 1`.execute(db);
  return rows[0] === undefined ? findVector(db, lot) : decodeVector(rows[0].vector);
};

/** The summary with whose figures people are told; null while the follower has not come so far. */
export const readSummary = async (db: Reader, batchId: string): Promise<LotSummary | null> => {
  const summary = (await findBatchSummary(db, batchId))?.summary ?? null;
  const people = summary?.people ?? 0;
  return summary && { ...summary, people: people < FEWEST_PEOPLE ? null : people };
};

/** A site as anybody may know it. */
export type ShownSite = { id: string; kind: string; cell: [number, number]; name: string | null };

/** Of these sites the coarse place, and the published name of whose they are. */
export const readSites = async (db: Reader, ids: readonly string[]): Promise<Map<string, ShownSite>> => {
  if (ids.length === 0) return new Map();
  const rows = await tables(db)
    .selectFrom('sites')
    .leftJoin('publicNames', 'publicNames.organisationId', 'sites.organisationId')
    .select(['sites.id', 'sites.kind', 'sites.cell', 'publicNames.name'])
    .where('sites.id', 'in', [...ids])
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
};

/** At most so many statements are named on a page. */
const MOST_STATEMENTS = 20;

/** Codes of what was stated of the batch, the newest first. */
export const readStatementCodes = async (db: Reader, batchId: string): Promise<string[]> => {
  const rows = await tables(db)
    .selectFrom('statements')
    .select('code')
    .where('batchId', '=', batchId)
    .where('code', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(MOST_STATEMENTS)
    .execute();
  return rows.map(({ code }) => code!);
};
