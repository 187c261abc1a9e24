import { sql } from 'kysely';
import type { Reader } from '../db/reader.ts';
import type { Lot } from '../lots/lots.tables.ts';
import type { Source } from '../lots/sources.tables.ts';
import type { BatchSummary, LotModel, LotMove, LotVector } from './provenance.tables.ts';
import { decodeVector, type ShareVector, sourceKey, vectorOf } from './shares.ts';
import type { LotSummary } from './summary.ts';

type Tables = {
  lots: Lot;
  sources: Source;
  lotVectors: LotVector;
  lotModels: LotModel;
  lotMoves: LotMove;
  batchSummaries: BatchSummary;
};

const tables = (db: Reader) => db.withTables<Tables>();

/** The summary of a sealed batch: one indexed read, whatever the size of batch and ledger. */
export const findBatchSummary = async (db: Reader, batchId: string) => {
  const row = await tables(db)
    .selectFrom('batchSummaries')
    .select(['organisationId', 'seq', 'summary'])
    .where('batchId', '=', batchId)
    .executeTakeFirst();
  return row && { ...row, summary: row.summary as LotSummary };
};

export const findLot = (db: Reader, id: string): Promise<Lot | undefined> =>
  tables(db).selectFrom('lots').selectAll().where('id', '=', id).executeTakeFirst();

/** The vector of a lot as last written; of a source lot nobody drew on, the source itself. */
export const findVector = async (db: Reader, lot: Lot): Promise<ShareVector | undefined> => {
  const row = await tables(db)
    .selectFrom('lotVectors')
    .select('vector')
    .where('lotId', '=', lot.id)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) return decodeVector(row.vector);
  const source = await tables(db)
    .selectFrom('sources')
    .select(['key', 'grams'])
    .where('key', '=', sourceKey(lot.seq, lot.place))
    .executeTakeFirst();
  return source && vectorOf([[source.key, source.grams]]);
};

/** What is said of the lot now; undefined where the follower has not read of it. */
export const findStanding = async (
  db: Reader,
  lot: Lot,
): Promise<{ claimableGrams: number; originClass: string | null } | undefined> => {
  const source = await tables(db)
    .selectFrom('sources')
    .select(['claimableGrams', 'originClass'])
    .where('key', '=', sourceKey(lot.seq, lot.place))
    .executeTakeFirst();
  const last = await tables(db)
    .selectFrom('lotVectors')
    .select('claimableGrams')
    .where('lotId', '=', lot.id)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const label = source ?? (await findModel(db, lot.id));
  if (label === undefined) return undefined;
  const claimableGrams = lot.grams === 0 ? 0 : (last?.claimableGrams ?? source?.claimableGrams ?? 0);
  return { claimableGrams, originClass: label.originClass };
};

export const findModel = (db: Reader, lotId: string) =>
  tables(db).selectFrom('lotModels').selectAll().where('lotId', '=', lotId).executeTakeFirst();

/** Sources by key, for a page of shares. */
export const findSources = (db: Reader, keys: readonly number[]): Promise<Source[]> =>
  keys.length === 0
    ? Promise.resolve([])
    : tables(db)
        .selectFrom('sources')
        .selectAll()
        .where('key', '=', sql<number>`any(${keys}::int8[])`)
        .orderBy('key')
        .execute();

/** Facts on the way to a lot, latest first, each with what it took, made and lost; one more than `limit`. */
export const walkBack = async (db: Reader, lotId: string, before: number, limit: number): Promise<Step[]> => {
  const { rows } = await sql<{ seq: number }>`
    WITH RECURSIVE ${way(lotId, 'made', 'out', 'taken', 'in')}
    SELECT seq FROM (
      SELECT m.seq FROM way JOIN lot_moves m USING (lot_id) WHERE m.direction <> 'in'
      UNION SELECT l.seq FROM way JOIN lots l ON l.id = way.lot_id) facts
    WHERE seq < ${before} ORDER BY seq DESC LIMIT ${limit + 1}`.execute(db);
  return stepsAt(
    db,
    rows.map((row) => row.seq),
  );
};

/** Facts that took from a lot, and from what was made of it, earliest first; one more than `limit`. */
export const walkOn = async (db: Reader, lotId: string, after: number, limit: number): Promise<Step[]> => {
  const { rows } = await sql<{ seq: number }>`
    WITH RECURSIVE ${way(lotId, 'taken', 'in', 'made', 'out')}
    SELECT DISTINCT m.seq FROM way JOIN lot_moves m USING (lot_id)
    WHERE m.direction <> 'out' AND m.seq > ${after} ORDER BY m.seq LIMIT ${limit + 1}`.execute(db);
  return stepsAt(
    db,
    rows.map((row) => row.seq),
  );
};

/** Lots reached from one lot, going from the facts where it stands on one side to the lots on the other. */
const way = (lotId: string, here: string, side: string, there: string, other: string) => sql`
  way(lot_id) AS (
    SELECT ${lotId}::uuid
    UNION
    SELECT ${sql.ref(there)}.lot_id FROM way
    JOIN lot_moves ${sql.ref(here)} ON ${sql.ref(here)}.lot_id = way.lot_id AND ${sql.ref(here)}.direction = ${side}
    JOIN lot_moves ${sql.ref(there)} ON ${sql.ref(there)}.seq = ${sql.ref(here)}.seq AND ${sql.ref(there)}.direction = ${other})`;

type Amount = { lotId: string; grams: number };
/** One fact on the way: the lots it took from, made, and lost grams of. */
export type Step = { seq: number; inputs: Amount[]; outputs: Amount[]; losses: Amount[] };

const SIDES = { in: 'inputs', out: 'outputs', loss: 'losses' } as const;

const stepsAt = async (db: Reader, seqs: readonly number[]): Promise<Step[]> => {
  if (seqs.length === 0) return [];
  const moves = await tables(db)
    .selectFrom('lotMoves')
    .selectAll()
    .where('seq', 'in', [...seqs])
    .orderBy('seq')
    .orderBy('place')
    .execute();
  const steps = new Map<number, Step>(seqs.map((seq) => [seq, { seq, inputs: [], outputs: [], losses: [] }]));
  for (const { seq, lotId, grams, direction } of moves)
    steps.get(seq)![SIDES[direction]].push({ lotId, grams });
  return [...steps.values()];
};
