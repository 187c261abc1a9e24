import type pg from 'pg';
import type { Journal } from '../db/table.ts';
import { PLACES, type Source, sources } from '../lots/sources.tables.ts';
import { type Mark, marks } from '../supervision/marks.tables.ts';
import {
  type BatchSummary,
  batchSummaries,
  type LotModel,
  type LotMove,
  lotModels,
  lotMoves,
  type StepLabel,
  stepLabels,
} from './provenance.tables.ts';
import { decodeVector, emptyVector, type ShareVector, sourceKey, takeAway, vectorOf } from './shares.ts';

/** Every lot that $1 was made of, and itself. */
const WAY_TO_LOT = `way(lot_id) AS (
  SELECT $1::uuid
  UNION
  SELECT taken.lot_id FROM way
  JOIN lot_moves made ON made.lot_id = way.lot_id AND made.direction = 'out'
  JOIN lot_moves taken ON taken.seq = made.seq AND taken.direction = 'in')`;

export type Kind = { material: string; form: string };

/** A lot as it was written last; the vector is null of a source lot nobody drew on. */
export type WrittenLot = Kind & {
  id: string;
  key: number;
  vector: ShareVector | null;
  label: Omit<LotModel, 'lotId' | 'seq'> | null;
};

/** One step on the way of lots: what it took, what it made. A fact may hold several, such as parts of a load. */
export type Making = { seq: number; inputs: string[]; outputs: string[] };

/** Reads what was written of facts before, in the follower's transaction. It sees written rows only. */
export class History {
  private readonly client: pg.PoolClient;
  private zone: string | undefined;
  private readonly owners = new Map<string, string>();

  constructor(client: pg.PoolClient) {
    this.client = client;
  }

  async sources(keys: Iterable<number>): Promise<Source[]> {
    return this.ask<Source>('sources by key', `${selectAll(sources)} WHERE key = ANY($1::int8[])`, [
      [...keys],
    ]);
  }

  async lots(ids: readonly string[]): Promise<WrittenLot[]> {
    const lots = await this.ask<Kind & { id: string; seq: number; place: number }>(
      'lots of a fact',
      'SELECT id, seq, place, material, form FROM lots WHERE id = ANY($1::uuid[])',
      [ids],
    );
    const vectors = await this.ask<{ lot_id: string; vector: Buffer }>(
      'vectors of a fact',
      `SELECT DISTINCT ON (lot_id) lot_id, vector FROM lot_vectors WHERE lot_id = ANY($1::uuid[]) ORDER BY lot_id, seq DESC`,
      [ids],
    );
    const models = await this.ask<LotModel>(
      'models of a fact',
      `${selectAll(lotModels)} WHERE lot_id = ANY($1::uuid[])`,
      [ids],
    );
    const vectorOfLot = new Map(vectors.map((row) => [row.lot_id, decodeVector(row.vector)]));
    const labelOfLot = new Map(models.map(({ lotId, seq: _, ...label }) => [lotId, label]));
    return lots.map(({ id, seq, place, ...kind }) => ({
      id,
      ...kind,
      key: sourceKey(seq, place),
      vector: vectorOfLot.get(id) ?? null,
      label: labelOfLot.get(id) ?? null,
    }));
  }

  /** What the fact `seq` took from the lot. Taken whole, a lot keeps the vector it had: that is what was taken. */
  async takenBy(lotId: string, seq: number): Promise<ShareVector> {
    const [after, before] = await this.vectorsUpTo(lotId, seq);
    if (after === undefined) return this.sourceVector(lotId);
    if (after.seq !== seq) return after.vector;
    return takeAway(before?.vector ?? (await this.sourceVector(lotId)), after.vector);
  }

  /** Takes losses of lots, each by the fact that drew it, out of what was lost: the very grams, in the order asked. */
  async takeBackLosses(
    losses: readonly { lotId: string; takenBy: number }[],
  ): Promise<{ taken: ShareVector[]; lost: { kind: string; grams: number }[] }> {
    const named = [losses.map(({ lotId }) => lotId), losses.map(({ takenBy }) => takenBy)];
    const these = 'SELECT * FROM unnest($1::uuid[], $2::int8[])';
    const lost = await this.ask<{ lot_id: string; vector: Buffer; kind: string; grams: number }>(
      'take back losses',
      `DELETE FROM lot_losses WHERE (lot_id, seq) IN (${these}) RETURNING lot_id, vector, kind, grams`,
      named,
    );
    const moves = `DELETE FROM lot_moves WHERE (lot_id, seq) IN (${these}) AND direction = 'loss'`;
    await this.ask('take back moves of losses', moves, named);
    const taken = new Map(lost.map((row) => [row.lot_id, decodeVector(row.vector)]));
    return { taken: losses.map(({ lotId }) => taken.get(lotId) ?? emptyVector), lost };
  }

  /** The lot's vector after the fact `seq`. */
  async vectorAt(lotId: string, seq: number): Promise<ShareVector> {
    const [last] = await this.vectorsUpTo(lotId, seq);
    return last?.vector ?? (await this.sourceVector(lotId));
  }

  /** The last two vectors of the lot up to the fact `seq`, the latest first. */
  private async vectorsUpTo(lotId: string, seq: number): Promise<{ seq: number; vector: ShareVector }[]> {
    const rows = await this.ask<{ seq: number; vector: Buffer }>(
      'vectors up to',
      'SELECT seq, vector FROM lot_vectors WHERE lot_id = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 2',
      [lotId, seq],
    );
    return rows.map((row) => ({ seq: row.seq, vector: decodeVector(row.vector) }));
  }

  /** A source lot before anybody drew on it. */
  private async sourceVector(lotId: string): Promise<ShareVector> {
    const [row] = await this.ask<{ key: number; grams: number }>(
      'source of a lot',
      `SELECT s.key, s.grams FROM lots l JOIN sources s ON s.key = l.seq * ${PLACES} + l.place WHERE l.id = $1`,
      [lotId],
    );
    return vectorOf([[row!.key, row!.grams]]);
  }

  /** Grams of the lot before the fact `seq`: a lot taken whole holds none, though its vector stays. */
  async gramsBefore(lotId: string, seq: number): Promise<number> {
    const [row] = await this.ask<{ after: number }>(
      'posting before',
      'SELECT after FROM postings WHERE account = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1',
      [lotId, seq],
    );
    return row!.after;
  }

  /** The fact that made a lot, and whether the lot came in by it. */
  async makerOf(lotId: string): Promise<{ madeBy: number; isSource: boolean }> {
    const [row] = await this.ask<{ madeBy: number; isSource: boolean }>(
      'maker of a lot',
      `SELECT l.seq AS "madeBy", EXISTS (SELECT FROM sources s WHERE s.key = l.seq * ${PLACES} + l.place) AS "isSource"
       FROM lots l WHERE l.id = $1`,
      [lotId],
    );
    return row!;
  }

  /**
   * The steps, in ledger order, that made lots of these lots, of the outputs of these facts, and of what was made of
   * them; the facts `steps` among them.
   */
  async makingsFrom(lotIds: readonly string[], steps: readonly number[]): Promise<Making[]> {
    const rows = await this.ask<LotMove>(
      'makings from',
      `WITH RECURSIVE reached(lot_id) AS (
         (SELECT unnest($1::uuid[]) UNION SELECT lot_id FROM lot_moves WHERE seq = ANY($2::int8[]) AND direction = 'out')
         UNION
         SELECT made.lot_id FROM reached
         JOIN lot_moves taken ON taken.lot_id = reached.lot_id AND taken.direction = 'in'
         JOIN lot_moves made ON made.seq = taken.seq AND made.direction = 'out'),
       steps(seq) AS (
         SELECT unnest($2::int8[])
         UNION SELECT m.seq FROM reached JOIN lot_moves m USING (lot_id) WHERE m.direction = 'in')
       ${selectAll(lotMoves)} WHERE seq IN (SELECT seq FROM steps) AND direction <> 'loss' ORDER BY seq, place`,
      [lotIds, steps],
    );
    const makings: Making[] = [];
    for (const { seq, lotId, direction } of rows) {
      let last = makings.at(-1);
      // What is taken after something was made begins another part of the same fact.
      if (last?.seq !== seq || (direction === 'in' && last.outputs.length > 0)) {
        last = { seq, inputs: [], outputs: [] };
        makings.push(last);
      }
      (direction === 'in' ? last.inputs : last.outputs).push(lotId);
    }
    return makings.filter(({ outputs }) => outputs.length > 0);
  }

  /** Losses on the way to the lot, by kind: of the lots it was made of, and of the runs. */
  lossesOnTheWay(lotId: string): Promise<{ kind: string; grams: number }[]> {
    return this.ask<{ kind: string; grams: number }>(
      'losses on the way',
      `WITH RECURSIVE ${WAY_TO_LOT},
         runs AS (SELECT DISTINCT m.seq FROM way JOIN lot_moves m USING (lot_id) WHERE m.direction = 'out')
       SELECT kind, sum(grams)::int8 AS grams FROM lot_losses
       WHERE lot_id IN (SELECT lot_id FROM way) OR (lot_id IS NULL AND seq IN (SELECT seq FROM runs))
       GROUP BY kind ORDER BY kind`,
      [lotId],
    );
  }

  /** People behind sources, each counted once. */
  async countPeople(keys: Iterable<number>): Promise<number> {
    const [row] = await this.ask<{ n: number }>(
      'people behind sources',
      'SELECT count(DISTINCT person_id)::int4 AS n FROM source_parties WHERE key = ANY($1::int8[])',
      [[...keys]],
    );
    return row!.n;
  }

  async step(seq: number): Promise<StepLabel | null> {
    const rows = await this.ask<StepLabel>('step', `${selectAll(stepLabels)} WHERE seq = $1`, [seq]);
    return rows[0] ?? null;
  }

  async mark(id: string): Promise<Mark> {
    const [row] = await this.ask<Mark>('mark', `${selectAll(marks)} WHERE id = $1`, [id]);
    return row!;
  }

  async isStillMarked({ id, subjectId, code }: Mark): Promise<boolean> {
    const [row] = await this.ask<{ found: boolean }>(
      'still marked',
      `SELECT EXISTS (SELECT FROM marks WHERE subject_id = $1 AND code = $2 AND id <> $3 AND state = 'open') AS found`,
      [subjectId, code, id],
    );
    return row!.found;
  }

  /** The summary of the batch that the lot is, if it is one. */
  async summaryOf(lotId: string): Promise<BatchSummary | undefined> {
    const rows = await this.ask<BatchSummary>(
      'summary of a lot',
      `${selectAll(batchSummaries)} WHERE batch_id = (SELECT id FROM batches WHERE lot_id = $1)`,
      [lotId],
    );
    return rows[0];
  }

  /** Whose site it is: that never changes. */
  async ownerOf(siteId: string): Promise<string> {
    let owner = this.owners.get(siteId);
    if (owner === undefined) {
      const text = 'SELECT organisation_id AS owner FROM sites WHERE id = $1';
      const [row] = await this.ask<{ owner: string }>('owner of a site', text, [siteId]);
      owner = row!.owner;
      this.owners.set(siteId, owner);
    }
    return owner;
  }

  /** The programme's time zone, in which days are told. */
  async timeZone(): Promise<string> {
    const text = 'SELECT time_zone AS zone FROM programme';
    this.zone ??= (await this.ask<{ zone: string }>('time zone', text, []))[0]!.zone;
    return this.zone;
  }

  private async ask<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    return (await this.client.query<Row>({ name, text, values })).rows;
  }
}

const selectAll = ({ name, columns }: Journal<object>): string =>
  `SELECT ${columns.map((c) => `${c.column} AS "${c.field}"`).join(', ')} FROM ${name}`;
