import { sql } from 'kysely';
import { scopeOf } from '../certificates/certificates.queries.ts';
import type { Reader } from '../db/reader.ts';
import type { Lot } from '../lots/lots.tables.ts';
import type { ProcessRun } from '../processing/processing.tables.ts';
import { type CustodyModel, lowestModel } from '../provenance/custody-model.ts';
import { modelOfSources } from '../provenance/labels.ts';
import { findLot, findModel, findSources, findVector } from '../provenance/provenance.queries.ts';
import type { StepLabel } from '../provenance/provenance.tables.ts';
import type { SchemeRules } from '../schemes/rules.ts';
import type { Scheme } from '../schemes/schemes.tables.ts';
import { addUp, type Eligibility, eligibilityOf, type HeldLot, type InScope } from './eligibility.ts';

type Run = Pick<ProcessRun, 'organisationId' | 'step' | 'outputs'> & Pick<StepLabel, 'normBasisPoints'>;

/** Runs on the way to a lot, each with the norm of the site that it ran under. */
const runsBehind = async (db: Reader, lotId: string): Promise<Run[]> => {
  const { rows } = await sql<Run>`
    WITH RECURSIVE way(lot_id) AS (
      SELECT ${lotId}::uuid
      UNION
      SELECT taken.lot_id FROM way
      JOIN lot_moves made ON made.lot_id = way.lot_id AND made.direction = 'out'
      JOIN lot_moves taken ON taken.seq = made.seq AND taken.direction = 'in')
    SELECT r.organisation_id AS "organisationId", r.step, r.outputs, l.norm_basis_points AS "normBasisPoints"
    FROM process_runs r JOIN step_labels l ON l.seq = r.seq
    WHERE r.seq IN (SELECT m.seq FROM way JOIN lot_moves m USING (lot_id) WHERE m.direction = 'out')
    ORDER BY r.seq`.execute(db);
  return rows;
};

const isLoose = ({ norms }: SchemeRules, { step, outputs, normBasisPoints }: Run): boolean =>
  norms.some(
    (norm) =>
      norm.step === step &&
      outputs.some(({ material }) => material === norm.material) &&
      (normBasisPoints === null || normBasisPoints > norm.maxBasisPoints),
  );

export type Judged = Eligibility & {
  /** The lowest of the lots'. */
  custodyModel: CustodyModel;
  /** Who weighed or processed the grams. */
  organisationIds: string[];
};

/** How far the follower has read, in the reader's snapshot. */
const provenanceAt = async (db: Reader): Promise<number> => {
  const row = await db
    .withTables<{ followers: { name: string; seq: number } }>()
    .selectFrom('followers')
    .select('seq')
    .where('name', '=', 'provenance')
    .executeTakeFirst();
  return (row?.seq ?? 0) - 1;
};

const judgeLot = async (db: Reader, rules: SchemeRules, lot: Lot, inScope: InScope): Promise<Judged> => {
  const vector = await findVector(db, lot);
  if (vector === undefined) throw new Error(`the shares of the lot ${lot.id} are not known yet`);
  const [sources, runs] = [await findSources(db, [...vector.keys]), await runsBehind(db, lot.id)];
  const byKey = new Map(sources.map((source) => [source.key, source]));
  const label = (await findModel(db, lot.id)) ?? null;
  const { material, form } = lot;
  const looseSteps = runs.filter((run) => isLoose(rules, run)).length;
  const held: HeldLot = { kind: { material, form }, vector, label, looseSteps };
  const organisationIds = [...sources, ...runs].map(({ organisationId }) => organisationId);
  const sourceOf = (key: number) => byKey.get(key)!;
  const custodyModel = label?.custodyModel ?? modelOfSources(vector, sourceOf);
  return { ...eligibilityOf(rules, held, sourceOf, inScope), custodyModel, organisationIds };
};

/**
 * What of the grams in these lots the scheme accepts, by a reader in one snapshot. A lot that was taken whole holds
 * nothing. Null while provenance is behind one of them.
 */
export const judgeLots = async (
  db: Reader,
  { code, rules }: Pick<Scheme, 'code' | 'rules'>,
  lotIds: readonly string[],
): Promise<(Judged & { asOfSeq: number }) | null> => {
  const asOfSeq = await provenanceAt(db);
  const inScope: InScope = rules.demandsScope ? await scopeOf(db, code) : () => true;
  const parts: Judged[] = [];
  for (const lotId of lotIds) {
    const lot = await findLot(db, lotId);
    if (lot === undefined) continue;
    if (lot.lastSeq > asOfSeq) return null;
    if (lot.grams > 0) parts.push(await judgeLot(db, rules, lot, inScope));
  }
  const organisationIds = [...new Set(parts.flatMap((part) => part.organisationIds))].sort();
  const custodyModel = lowestModel(parts.map((part) => part.custodyModel));
  return { ...addUp(parts), custodyModel, organisationIds, asOfSeq };
};
