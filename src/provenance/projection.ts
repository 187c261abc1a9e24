import type pg from 'pg';
import { insertSql, type Journal, toArrays } from '../db/table.ts';
import { PLACES, type Source, type SourceParty, sourceParties, sources } from '../lots/sources.tables.ts';
import { type Mark, marks } from '../supervision/marks.tables.ts';
import { claimableNow, type Label } from './labels.ts';
import {
  type BatchSummary,
  batchSummaries,
  type LotExit,
  type LotLoss,
  type LotModel,
  type LotMove,
  type LotVector,
  lotExits,
  lotLosses,
  lotModels,
  lotMoves,
  lotVectors,
  type StepLabel,
  stepLabels,
} from './provenance.tables.ts';
import {
  decodeVector,
  encodeVector,
  type ShareVector,
  sourceKey,
  takeAway,
  total,
  vectorOf,
} from './shares.ts';
import type { LotSummary } from './summary.ts';

/** Every lot that $1 was made of, and itself. */
export const WAY_TO_LOT = `way(lot_id) AS (
  SELECT $1::uuid
  UNION
  SELECT taken.lot_id FROM way
  JOIN lot_moves made ON made.lot_id = way.lot_id AND made.direction = 'out'
  JOIN lot_moves taken ON taken.seq = made.seq AND taken.direction = 'in')`;

type Kind = { material: string; form: string };

/** What is known of one lot while facts are read. */
export type LotState = {
  vector: ShareVector;
  /** Null of a source lot that nothing was said of. */
  label: Label | null;
  /** Null until asked for. */
  kind: Kind | null;
};

/**
 * The provenance tables as a run of facts sees them: read when first asked for, changed in memory, written at
 * the end. One lot's vector is the last one written, or, of a source nobody drew on, the source itself.
 */
export class Projection {
  private readonly client: pg.PoolClient;
  private readonly lots = new Map<string, LotState>();
  private zone: string | undefined;
  private readonly known = new Map<number, Source>();
  private readonly owners = new Map<string, string>();
  /** Moves and losses written of each fact so far. */
  private readonly places = new Map<string, number>();
  private readonly written = {
    sources: new Map<number, Source>(),
    parties: [] as SourceParty[],
    vectors: new Map<string, LotVector>(),
    moves: [] as LotMove[],
    losses: [] as LotLoss[],
    exits: [] as LotExit[],
    models: new Map<string, LotModel>(),
    steps: new Map<number, StepLabel>(),
    summaries: new Map<string, BatchSummary>(),
    marks: new Map<string, Mark>(),
  };

  constructor(client: pg.PoolClient) {
    this.client = client;
  }

  addSource(source: Source, people: readonly string[]): void {
    this.known.set(source.key, source);
    this.written.sources.set(source.key, source);
    for (const personId of people) this.written.parties.push({ personId, key: source.key });
    const { material, form } = source;
    this.lots.set(source.lotId, {
      vector: vectorOf([[source.key, source.grams]]),
      label: null,
      kind: { material, form },
    });
  }

  /** What a correction, a void or a mark made of a source. */
  async changeSource(key: number, change: (source: Source) => Partial<Source>): Promise<Source> {
    const before = (await this.sourcesOf([vectorOf([[key, 1]])]))(key);
    const source = { ...before, ...change(before) };
    this.known.set(key, source);
    this.written.sources.set(key, source);
    return source;
  }

  /** States of lots, in the order asked; the sources of their vectors are known from then on. */
  async states(lotIds: readonly string[]): Promise<(LotState & { kind: Kind })[]> {
    const absent = lotIds.filter((id) => (this.lots.get(id)?.kind ?? null) === null);
    if (absent.length > 0) await this.loadLots(absent);
    return lotIds.map((id) => this.lots.get(id)! as LotState & { kind: Kind });
  }

  /** What the fact `seq` took from the lot. Taken whole, a lot keeps the vector it had: that is what was taken. */
  async takenBy(lotId: string, seq: number): Promise<ShareVector> {
    const [after, before] = await this.vectorsUpTo(lotId, seq);
    if (after === undefined) return this.sourceVector(lotId);
    if (after.seq !== seq) return after.vector;
    return takeAway(before?.vector ?? (await this.sourceVector(lotId)), after.vector);
  }

  /** The lot's vector after the fact `seq`. */
  async vectorAt(lotId: string, seq: number): Promise<ShareVector> {
    const [last] = await this.vectorsUpTo(lotId, seq);
    return last?.vector ?? (await this.sourceVector(lotId));
  }

  /** The last two vectors of the lot up to the fact `seq`, the latest first. */
  private async vectorsUpTo(lotId: string, seq: number): Promise<{ seq: number; vector: ShareVector }[]> {
    await this.flush();
    const { rows } = await this.client.query<{ seq: number; vector: Buffer }>({
      name: 'vectors up to',
      text: 'SELECT seq, vector FROM lot_vectors WHERE lot_id = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 2',
      values: [lotId, seq],
    });
    return rows.map((row) => ({ seq: row.seq, vector: decodeVector(row.vector) }));
  }

  /** Grams of the lot before the fact `seq`: a lot taken whole holds none, though its vector stays. */
  async gramsBefore(lotId: string, seq: number): Promise<number> {
    const { rows } = await this.client.query<{ after: number }>({
      name: 'posting before',
      text: 'SELECT after FROM postings WHERE account = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1',
      values: [lotId, seq],
    });
    return rows[0]!.after;
  }

  /** Of a fact that was undone: its moves, losses, exits and summary lead nowhere any more. */
  async forget(seq: number): Promise<void> {
    await this.flush();
    for (const { name } of [lotMoves, lotLosses, lotExits, batchSummaries])
      await this.client.query(`DELETE FROM ${name} WHERE seq = $1`, [seq]);
  }

  /** A source lot before anybody drew on it. */
  private async sourceVector(lotId: string): Promise<ShareVector> {
    const { rows } = await this.client.query<{ key: number; grams: number }>(
      `SELECT s.key, s.grams FROM lots l JOIN sources s ON s.key = l.seq * ${PLACES} + l.place WHERE l.id = $1`,
      [lotId],
    );
    return vectorOf([[rows[0]!.key, rows[0]!.grams]]);
  }

  /** Sources of the vectors, then synchronous to ask. */
  async sourcesOf(vectors: readonly ShareVector[]): Promise<(key: number) => Source> {
    const absent = new Set<number>();
    for (const vector of vectors) for (const key of vector.keys) if (!this.known.has(key)) absent.add(key);
    if (absent.size > 0) {
      const { rows } = await this.client.query<Source>({
        name: 'sources by key',
        text: `${selectAll(sources)} WHERE key = ANY($1::int8[])`,
        values: [[...absent]],
      });
      for (const row of rows) this.known.set(row.key, row);
    }
    return (key) => this.known.get(key)!;
  }

  /** What a lot holds after the fact `seq`. Its state must have been asked for. */
  setVector(lotId: string, seq: number, vector: ShareVector): void {
    const state = this.lots.get(lotId)!;
    this.lots.set(lotId, { ...state, vector });
    this.written.vectors.set(`${lotId} ${seq}`, {
      lotId,
      seq,
      grams: total(vector),
      vector: Buffer.from(encodeVector(vector)),
      claimableGrams: claimableNow(state.kind!, vector, state.label, (key) => this.known.get(key)!),
    });
  }

  /** A lot that the fact `seq` made. */
  openLot(lotId: string, seq: number, kind: Kind, vector: ShareVector, label: Label): void {
    this.lots.set(lotId, { vector, label, kind: { material: kind.material, form: kind.form } });
    this.written.models.set(lotId, { lotId, seq, ...label });
    this.setVector(lotId, seq, vector);
  }

  /** What is said of a lot from the fact `seq` on; `madeBy` where nothing was said of it before. */
  setLabel(lotId: string, seq: number, label: Label, madeBy: number): void {
    const state = this.lots.get(lotId)!;
    this.lots.set(lotId, { ...state, label });
    this.written.models.set(lotId, { lotId, seq: madeBy, ...label });
    this.setVector(lotId, seq, state.vector);
  }

  setStep(label: StepLabel): void {
    this.written.steps.set(label.seq, label);
  }

  async stepOf(seq: number): Promise<StepLabel | null> {
    const written = this.written.steps.get(seq);
    if (written !== undefined) return written;
    const { rows } = await this.client.query<StepLabel>(`${selectAll(stepLabels)} WHERE seq = $1`, [seq]);
    return rows[0] ?? null;
  }

  move(seq: number, moves: readonly Omit<LotMove, 'seq' | 'place'>[]): void {
    for (const move of moves) this.written.moves.push({ seq, place: this.nextPlace('move', seq), ...move });
  }

  lose(seq: number, losses: readonly { lotId: string | null; kind: string; vector: ShareVector }[]): void {
    for (const { lotId, kind, vector } of losses)
      this.written.losses.push({
        seq,
        place: this.nextPlace('loss', seq),
        lotId,
        kind,
        grams: total(vector),
        vector: Buffer.from(encodeVector(vector)),
      });
  }

  private nextPlace(what: string, seq: number): number {
    const name = `${what} ${seq}`;
    const place = this.places.get(name) ?? 0;
    this.places.set(name, place + 1);
    return place;
  }

  /** A mark that came with a fact, or what became of it. */
  setMark(mark: Mark): void {
    this.written.marks.set(mark.id, mark);
  }

  async markOf(id: string): Promise<Mark> {
    await this.flush();
    const { rows } = await this.client.query<Mark>(`${selectAll(marks)} WHERE id = $1`, [id]);
    return rows[0]!;
  }

  /** Whose site it is: that never changes. */
  async ownerOf(siteId: string): Promise<string> {
    let owner = this.owners.get(siteId);
    if (owner === undefined) {
      const { rows } = await this.client.query<{ owner: string }>(
        'SELECT organisation_id AS owner FROM sites WHERE id = $1',
        [siteId],
      );
      owner = rows[0]!.owner;
      this.owners.set(siteId, owner);
    }
    return owner;
  }

  /** Grams that leave for good, in the order of the fact's lots. */
  leave(seq: number, exits: readonly { lotId: string; way: string; vector: ShareVector }[]): void {
    for (const [place, { vector, ...exit }] of exits.entries())
      this.written.exits.push({
        seq,
        place,
        ...exit,
        grams: total(vector),
        vector: Buffer.from(encodeVector(vector)),
      });
  }

  summarise(summary: BatchSummary): void {
    this.written.summaries.set(summary.batchId, summary);
  }

  async flush(): Promise<void> {
    const { written } = this;
    await this.save(sources, [...written.sources.values()], 'key');
    await this.save(sourceParties, written.parties);
    await this.save(lotVectors, [...written.vectors.values()], 'lot_id, seq');
    await this.save(lotMoves, written.moves);
    await this.save(lotLosses, written.losses);
    await this.save(lotExits, written.exits);
    await this.save(lotModels, [...written.models.values()], 'lot_id');
    await this.save(stepLabels, [...written.steps.values()], 'seq');
    await this.save(marks, [...written.marks.values()], 'id');
    await this.save(batchSummaries, [...written.summaries.values()], 'batch_id');
    for (const rows of [written.parties, written.moves, written.losses, written.exits]) rows.length = 0;
    for (const rows of [
      written.sources,
      written.vectors,
      written.models,
      written.steps,
      written.summaries,
      written.marks,
    ])
      rows.clear();
  }

  /**
   * The steps, in ledger order, that made lots of these lots, of the outputs of these facts, and of what was made of
   * them; the facts `steps` among them.
   */
  async makingsFrom(
    lotIds: readonly string[],
    steps: readonly number[],
  ): Promise<{ seq: number; inputs: string[]; outputs: string[] }[]> {
    await this.flush();
    const { rows } = await this.client.query<LotMove>(
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
    const makings: { seq: number; inputs: string[]; outputs: string[] }[] = [];
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

  /** The fact that made a lot, and whether the lot came in by it. */
  async makerOf(lotId: string): Promise<{ madeBy: number; isSource: boolean }> {
    const { rows } = await this.client.query<{ madeBy: number; isSource: boolean }>(
      `SELECT l.seq AS "madeBy", EXISTS (SELECT FROM sources s WHERE s.key = l.seq * ${PLACES} + l.place) AS "isSource"
       FROM lots l WHERE l.id = $1`,
      [lotId],
    );
    return rows[0]!;
  }

  /** What a correction changes of the summary of a batch, where the lot is one. */
  async changeSummary(lotId: string, change: Partial<LotSummary>): Promise<void> {
    await this.flush();
    const { rows } = await this.client.query<BatchSummary>(
      `${selectAll(batchSummaries)} WHERE batch_id = (SELECT id FROM batches WHERE lot_id = $1)`,
      [lotId],
    );
    const [row] = rows;
    if (row !== undefined) this.summarise({ ...row, summary: { ...row.summary, ...change } });
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
    await this.flush();
    const { rows: lots } = await this.client.query<Kind & { id: string; seq: number; place: number }>({
      name: 'lots of a fact',
      text: 'SELECT id, seq, place, material, form FROM lots WHERE id = ANY($1::uuid[])',
      values: [ids],
    });
    const { rows: vectors } = await this.client.query<{ lot_id: string; vector: Buffer }>({
      name: 'vectors of a fact',
      text: `SELECT DISTINCT ON (lot_id) lot_id, vector FROM lot_vectors WHERE lot_id = ANY($1::uuid[]) ORDER BY lot_id, seq DESC`,
      values: [ids],
    });
    const { rows: models } = await this.client.query<LotModel>({
      name: 'models of a fact',
      text: `${selectAll(lotModels)} WHERE lot_id = ANY($1::uuid[])`,
      values: [ids],
    });
    const vectorOfLot = new Map(vectors.map((row) => [row.lot_id, decodeVector(row.vector)]));
    const modelOfLot = new Map(models.map(({ lotId, seq: _, ...label }) => [lotId, label]));
    const pristine = lots.filter((lot) => !vectorOfLot.has(lot.id));
    const sourceOf = await this.sourcesOf([
      ...vectorOfLot.values(),
      vectorOf(pristine.map((lot) => [sourceKey(lot.seq, lot.place), 1] as const)),
    ]);
    for (const { id, seq, place, ...kind } of lots) {
      const key = sourceKey(seq, place);
      const vector = vectorOfLot.get(id) ?? vectorOf([[key, sourceOf(key).grams]]);
      this.lots.set(id, { vector, label: modelOfLot.get(id) ?? null, kind });
    }
  }

  /** Adds rows; with `key`, the columns that name one, a row that stands already takes the new values. */
  private async save<Row extends object>(
    journal: Journal<Row>,
    rows: readonly Row[],
    key?: string,
  ): Promise<void> {
    if (rows.length === 0) return;
    const set = journal.columns.map(({ column }) => `${column} = excluded.${column}`).join(', ');
    await this.client.query({
      name: `save ${journal.name}`,
      text: `${insertSql(journal, 1)}${key === undefined ? '' : ` ON CONFLICT (${key}) DO UPDATE SET ${set}`}`,
      values: toArrays(journal, rows),
    });
  }
}

const selectAll = ({ name, columns }: Journal<object>): string =>
  `SELECT ${columns.map((c) => `${c.column} AS "${c.field}"`).join(', ')} FROM ${name}`;
