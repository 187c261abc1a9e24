import type pg from 'pg';
import { insertSteps, pipeline, type Step } from '../db/pipeline.ts';
import type { Journal } from '../db/table.ts';
import { type Source, type SourceParty, sourceParties, sources } from '../lots/sources.tables.ts';
import type { CustodyModel } from './custody-model.ts';
import {
  type BatchSummary,
  batchSummaries,
  type LotLoss,
  type LotModel,
  type LotMove,
  type LotVector,
  lotLosses,
  lotModels,
  lotMoves,
  lotVectors,
} from './provenance.tables.ts';
import { decodeVector, encodeVector, type ShareVector, sourceKey, total, vectorOf } from './shares.ts';

/** Every lot that $1 was made of, and itself. */
export const WAY_TO_LOT = `way(lot_id) AS (
  SELECT $1::uuid
  UNION
  SELECT taken.lot_id FROM way
  JOIN lot_moves made ON made.lot_id = way.lot_id AND made.direction = 'out'
  JOIN lot_moves taken ON taken.seq = made.seq AND taken.direction = 'in')`;

type LoadedLot = { id: string; seq: number; place: number; kind: string };

/** What is known of one lot while facts are read. */
export type LotState = { vector: ShareVector; model: CustodyModel | null; capGrams: number | null };

/**
 * The provenance tables as a run of facts sees them: read when first asked for, changed in memory, written at
 * the end. One lot's vector is the last one written, or, of a source nobody drew on, the source itself.
 */
export class Projection {
  private readonly client: pg.PoolClient;
  private readonly lots = new Map<string, LotState>();
  /** Lots whose source was read just now, as far as nobody asked for their state. */
  private readonly fresh = new Map<string, Source>();
  private zone: string | undefined;
  private readonly known = new Map<number, Source>();
  private readonly written = {
    sources: [] as Source[],
    parties: [] as SourceParty[],
    vectors: new Map<string, LotVector>(),
    moves: [] as LotMove[],
    losses: [] as LotLoss[],
    models: [] as LotModel[],
    summaries: [] as BatchSummary[],
  };

  constructor(client: pg.PoolClient) {
    this.client = client;
  }

  addSource(source: Source, people: readonly string[]): void {
    this.known.set(source.key, source);
    this.written.sources.push(source);
    for (const personId of people) this.written.parties.push({ personId, key: source.key });
    this.fresh.set(source.lotId, source);
  }

  /** States of lots, in the order asked. */
  async states(lotIds: readonly string[]): Promise<LotState[]> {
    for (const id of lotIds) this.openFresh(id);
    const absent = lotIds.filter((id) => !this.lots.has(id));
    if (absent.length > 0) await this.loadLots(absent);
    return lotIds.map((id) => this.lots.get(id)!);
  }

  /** Most lots are not drawn on among the facts that made them, so a source becomes a vector when one is. */
  private openFresh(lotId: string): void {
    const source = this.fresh.get(lotId);
    if (source === undefined) return;
    this.fresh.delete(lotId);
    this.lots.set(lotId, { vector: vectorOf([[source.key, source.grams]]), model: null, capGrams: null });
  }

  /** Sources of the vectors, then synchronous to ask. */
  async sourcesOf(vectors: readonly ShareVector[]): Promise<(key: number) => Source> {
    const absent = new Set<number>();
    for (const vector of vectors) for (const key of vector.keys) if (!this.known.has(key)) absent.add(key);
    if (absent.size > 0) {
      const columns = sources.columns.map((c) => `${c.column} AS "${c.field}"`).join(', ');
      const { rows } = await this.client.query<Source>({
        name: 'sources by key',
        text: `SELECT ${columns} FROM sources WHERE key = ANY($1::int8[])`,
        values: [[...absent]],
      });
      for (const row of rows) this.known.set(row.key, row);
    }
    return (key) => this.known.get(key)!;
  }

  /** What a lot holds after the fact `seq`. */
  setVector(lotId: string, seq: number, vector: ShareVector): void {
    const state = this.lots.get(lotId)!;
    this.lots.set(lotId, { ...state, vector });
    const row = { lotId, seq, grams: total(vector), vector: Buffer.from(encodeVector(vector)) };
    this.written.vectors.set(`${lotId} ${seq}`, row);
  }

  openLot(lotId: string, seq: number, vector: ShareVector, model: Omit<LotModel, 'lotId' | 'seq'>): void {
    this.lots.set(lotId, { vector, model: model.custodyModel, capGrams: model.capGrams });
    this.setVector(lotId, seq, vector);
    this.written.models.push({ lotId, seq, ...model });
  }

  move(seq: number, moves: readonly Omit<LotMove, 'seq' | 'place'>[]): void {
    for (const [place, move] of moves.entries()) this.written.moves.push({ seq, place, ...move });
  }

  lose(seq: number, losses: readonly { lotId: string | null; kind: string; vector: ShareVector }[]): void {
    const first = this.written.losses.filter((l) => l.seq === seq).length;
    for (const [i, { lotId, kind, vector }] of losses.entries())
      this.written.losses.push({
        seq,
        place: first + i,
        lotId,
        kind,
        grams: total(vector),
        vector: Buffer.from(encodeVector(vector)),
      });
  }

  summarise(summary: BatchSummary): void {
    this.written.summaries.push(summary);
  }

  /** Writes what is still in memory, and runs `last` after it, in one round trip. */
  async flush(last: readonly Step[] = []): Promise<void> {
    const { written } = this;
    const steps = [
      ...stepsFor(sources, written.sources),
      ...stepsFor(sourceParties, written.parties),
      ...stepsFor(lotVectors, [...written.vectors.values()]),
      ...stepsFor(lotMoves, written.moves),
      ...stepsFor(lotLosses, written.losses),
      ...stepsFor(lotModels, written.models),
      ...stepsFor(batchSummaries, written.summaries),
      ...last,
    ];
    if (steps.length > 0) await pipeline(this.client, steps);
    for (const rows of [
      written.sources,
      written.parties,
      written.moves,
      written.losses,
      written.models,
      written.summaries,
    ])
      rows.length = 0;
    written.vectors.clear();
  }

  /** People behind sources, each counted once. Written rows only: flush first. */
  async countPeople(keys: Iterable<number>): Promise<number> {
    const { rows } = await this.client.query<{ n: number }>(
      'SELECT count(DISTINCT person_id)::int4 AS n FROM source_parties WHERE key = ANY($1::int8[])',
      [[...keys]],
    );
    return rows[0]!.n;
  }

  /** Losses on the way to the lot, by kind: of the lots it was made of, and of the runs. Flush first. */
  async lossesOnTheWay(lotId: string): Promise<{ kind: string; grams: number }[]> {
    const { rows } = await this.client.query<{ kind: string; grams: number }>(
      `WITH RECURSIVE ${WAY_TO_LOT},
         runs AS (SELECT DISTINCT m.seq FROM way JOIN lot_moves m USING (lot_id) WHERE m.direction = 'out')
       SELECT kind, sum(grams)::int8 AS grams FROM lot_losses
       WHERE lot_id IN (SELECT lot_id FROM way) OR (lot_id IS NULL AND seq IN (SELECT seq FROM runs))
       GROUP BY kind ORDER BY kind`,
      [lotId],
    );
    return rows;
  }

  /** The programme's time zone, in which days are told. */
  async timeZone(): Promise<string> {
    this.zone ??= (await this.client.query<{ time_zone: string }>('SELECT time_zone FROM programme'))
      .rows[0]!.time_zone;
    return this.zone;
  }

  private async loadLots(ids: readonly string[]): Promise<void> {
    const { rows: lots } = await this.client.query<LoadedLot>({
      name: 'lots of a fact',
      text: 'SELECT id, seq, place, kind FROM lots WHERE id = ANY($1::uuid[])',
      values: [ids],
    });
    const { rows: vectors } = await this.client.query<{ lot_id: string; vector: Buffer }>({
      name: 'vectors of a fact',
      text: `SELECT DISTINCT ON (lot_id) lot_id, vector FROM lot_vectors WHERE lot_id = ANY($1::uuid[]) ORDER BY lot_id, seq DESC`,
      values: [ids],
    });
    const { rows: models } = await this.client.query<{
      lot_id: string;
      custody_model: CustodyModel;
      cap_grams: number | null;
    }>({
      name: 'models of a fact',
      text: 'SELECT lot_id, custody_model, cap_grams FROM lot_models WHERE lot_id = ANY($1::uuid[])',
      values: [ids],
    });
    const vectorOfLot = new Map(vectors.map((row) => [row.lot_id, decodeVector(row.vector)]));
    const modelOfLot = new Map(models.map((row) => [row.lot_id, row]));
    const pristine = lots.filter((lot) => !vectorOfLot.has(lot.id));
    const sourceOf = await this.sourcesOf([
      vectorOf(pristine.map((lot) => [sourceKey(lot.seq, lot.place), 1] as const)),
    ]);
    for (const lot of lots) {
      const key = sourceKey(lot.seq, lot.place);
      const vector = vectorOfLot.get(lot.id) ?? vectorOf([[key, sourceOf(key).grams]]);
      const model = modelOfLot.get(lot.id);
      this.lots.set(lot.id, {
        vector,
        model: model?.custody_model ?? null,
        capGrams: model?.cap_grams ?? null,
      });
    }
  }
}

/** The rows must fit the journal: the compiler checks it here. */
const stepsFor = <Row extends object>(journal: Journal<Row>, rows: readonly Row[]): Step[] =>
  rows.length === 0 ? [] : insertSteps(journal, rows);
