import type pg from 'pg';
import type { AnyFact } from '../ledger/fact.ts';
import type { Source } from '../lots/sources.tables.ts';
import type { Mark } from '../supervision/marks.tables.ts';
import { claimableNow, type Label } from './labels.ts';
import { History, type Kind, type Making } from './projection.history.ts';
import { Rows } from './projection.rows.ts';
import {
  type BatchSummary,
  batchSummaries,
  type LotMove,
  lotExits,
  lotLosses,
  lotMoves,
  type StepLabel,
} from './provenance.tables.ts';
import { encodeVector, type ShareVector, total, vectorOf } from './shares.ts';
import { bringsOneLot, Stock } from './stock.ts';
import type { LotSummary } from './summary.ts';

/** What is known of one lot while facts are read. */
export type LotState = {
  vector: ShareVector;
  /** Null of a source lot that nothing was said of. */
  label: Label | null;
  kind: Kind;
};

/**
 * The provenance tables as a run of facts sees them: read when first asked for, changed in memory, written at
 * the end. One lot's vector is the last one written, or, of a source nobody drew on, the source itself.
 */
export class Projection {
  private readonly client: pg.PoolClient;
  private readonly history: History;
  private readonly rows = new Rows();
  private readonly stock: Stock;
  private readonly lots = new Map<string, LotState>();
  /** Sources of these facts nobody drew on yet. */
  private readonly untouched = new Map<string, Source>();
  private readonly known = new Map<number, Source>();
  /** Moves and losses written of each fact so far. */
  private readonly places = new Map<string, number>();
  /** Lots the present fact gave another vector or label, and origin classes it changed: what they were. */
  private readonly changedLots = new Set<string>();
  private readonly classesBefore = new Map<string, string | null>();

  constructor(client: pg.PoolClient) {
    this.client = client;
    this.history = new History(client);
    this.stock = new Stock(client, this.rows);
  }

  addSource(source: Source, people: readonly string[]): void {
    this.known.set(source.key, source);
    this.rows.newSources.set(source.key, source);
    for (const personId of people) this.rows.parties.push({ personId, key: source.key });
    this.untouched.set(source.lotId, source);
  }

  /** Somebody who was found to have brought a source; null: erased since. */
  async addParty(key: number, personId: string | null): Promise<void> {
    if (personId !== null) this.rows.parties.push({ personId, key });
    await this.changeSource(key, ({ parties }) => ({ parties: parties + 1 }));
  }

  /** What a correction, a void or a mark made of a source. */
  async changeSource(key: number, change: (source: Source) => Partial<Source>): Promise<Source> {
    const before = (await this.sourcesOf([vectorOf([[key, 1]])]))(key);
    const source = { ...before, ...change(before) };
    if (source.originClass !== before.originClass) this.keepClass(source.lotId, before.originClass);
    this.known.set(key, source);
    const rows = this.rows.newSources.has(key) ? this.rows.newSources : this.rows.changedSources;
    rows.set(key, source);
    return source;
  }

  private keepClass(lotId: string, before: string | null): void {
    if (!this.classesBefore.has(lotId)) this.classesBefore.set(lotId, before);
  }

  /** States of lots, in the order asked; the sources of their vectors are known from then on. */
  async states(lotIds: readonly string[]): Promise<LotState[]> {
    const absent = lotIds.filter((id) => !this.lots.has(id) && !this.isUntouched(id));
    if (absent.length > 0) await this.loadLots(absent);
    return lotIds.map((id) => this.lots.get(id)!);
  }

  /** Whether it is a source of these facts; then its state is known from now on. */
  private isUntouched(lotId: string): boolean {
    const source = this.untouched.get(lotId);
    if (source === undefined) return false;
    const { key, grams, material, form } = source;
    this.lots.set(lotId, { vector: vectorOf([[key, grams]]), label: null, kind: { material, form } });
    return this.untouched.delete(lotId);
  }

  private async loadLots(ids: readonly string[]): Promise<void> {
    await this.flush();
    const lots = await this.history.lots(ids);
    const keys = lots.flatMap(({ key, vector }) => (vector === null ? [key] : [...vector.keys]));
    const sourceOf = await this.knowSources(keys);
    for (const { id, key, vector, label, material, form } of lots) {
      const own = vector ?? vectorOf([[key, sourceOf(key).grams]]);
      this.lots.set(id, { vector: own, label, kind: { material, form } });
    }
  }

  /** Sources of the vectors, then synchronous to ask. */
  sourcesOf(vectors: readonly ShareVector[]): Promise<(key: number) => Source> {
    return this.knowSources(vectors.flatMap(({ keys }) => [...keys]));
  }

  private async knowSources(keys: readonly number[]): Promise<(key: number) => Source> {
    const absent = new Set(keys.filter((key) => !this.known.has(key)));
    if (absent.size > 0)
      for (const source of await this.history.sources(absent)) this.known.set(source.key, source);
    return (key) => this.known.get(key)!;
  }

  /** What the fact `seq` took from the lot. Taken whole, a lot keeps the vector it had: that is what was taken. */
  async takenBy(lotId: string, seq: number): Promise<ShareVector> {
    await this.flush();
    return this.history.takenBy(lotId, seq);
  }

  /** The lot's vector after the fact `seq`. */
  async vectorAt(lotId: string, seq: number): Promise<ShareVector> {
    await this.flush();
    return this.history.vectorAt(lotId, seq);
  }

  gramsBefore(lotId: string, seq: number): Promise<number> {
    return this.history.gramsBefore(lotId, seq);
  }

  makerOf(lotId: string): Promise<{ madeBy: number; isSource: boolean }> {
    return this.history.makerOf(lotId);
  }

  /** The steps that made lots of these lots, of the outputs of the facts `steps`, and of what was made of them. */
  async makingsFrom(lotIds: readonly string[], steps: readonly number[]): Promise<Making[]> {
    await this.flush();
    return this.history.makingsFrom(lotIds, steps);
  }

  /** Of a fact that the fact `by` undid: its moves, losses, exits and summary lead nowhere any more. */
  async forget(seq: number, by: number): Promise<void> {
    await this.flush();
    for (const { name } of [lotMoves, lotExits, batchSummaries])
      await this.client.query(`DELETE FROM ${name} WHERE seq = $1`, [seq]);
    const { rows } = await this.client.query<{ kind: string; grams: number }>(
      `DELETE FROM ${lotLosses.name} WHERE seq = $1 RETURNING kind, grams`,
      [seq],
    );
    this.noteLosses(by, rows, -1);
  }

  /** Losses of lots that after the fact `by` are lost no longer: the very grams they were, in the order asked. */
  async takeBackLosses(
    losses: readonly { lotId: string; takenBy: number }[],
    by: number,
  ): Promise<ShareVector[]> {
    await this.flush();
    const { taken, lost } = await this.history.takeBackLosses(losses);
    this.noteLosses(by, lost, -1);
    return taken;
  }

  /** By kind, so that the order in which rows are found does not matter. */
  private noteLosses(seq: number, losses: readonly { kind: string; grams: number }[], sign: 1 | -1): void {
    const byKind = new Map<string, number>();
    for (const { kind, grams } of losses) byKind.set(kind, (byKind.get(kind) ?? 0) + sign * grams);
    for (const [kind, grams] of [...byKind].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      this.rows.lossChanges.push({ seq, place: this.nextPlace('loss change', seq), kind, grams });
  }

  /** Sets the lot's vector after the fact `seq`. Its state must have been asked for. */
  setVector(lotId: string, seq: number, vector: ShareVector): void {
    const state = this.lots.get(lotId)!;
    this.lots.set(lotId, { ...state, vector });
    this.changedLots.add(lotId);
    this.rows.vectors.set(`${lotId} ${seq}`, {
      lotId,
      seq,
      grams: total(vector),
      vector: Buffer.from(encodeVector(vector)),
      claimableGrams: claimableNow(state.kind, vector, state.label, (key) => this.known.get(key)!),
    });
  }

  /** A lot that the fact `seq` made. */
  openLot(lotId: string, seq: number, kind: Kind, vector: ShareVector, label: Label): void {
    this.lots.set(lotId, { vector, label, kind: { material: kind.material, form: kind.form } });
    this.rows.models.set(lotId, { lotId, seq, ...label });
    this.setVector(lotId, seq, vector);
  }

  /** What is said of a lot from the fact `seq` on; `madeBy` where nothing was said of it before. */
  setLabel(lotId: string, seq: number, label: Label, madeBy: number): void {
    const state = this.lots.get(lotId)!;
    if (state.label !== null && label.originClass !== state.label.originClass)
      this.keepClass(lotId, state.label.originClass);
    this.lots.set(lotId, { ...state, label });
    this.rows.models.set(lotId, { lotId, seq: madeBy, ...label });
    this.setVector(lotId, seq, state.vector);
  }

  setStep(label: StepLabel): void {
    this.rows.steps.set(label.seq, label);
  }

  async stepOf(seq: number): Promise<StepLabel | null> {
    return this.rows.steps.get(seq) ?? (await this.history.step(seq));
  }

  move(seq: number, moves: readonly Omit<LotMove, 'seq' | 'place'>[]): void {
    for (const move of moves) this.rows.moves.push({ seq, place: this.nextPlace('move', seq), ...move });
  }

  lose(seq: number, losses: readonly { lotId: string | null; kind: string; vector: ShareVector }[]): void {
    this.noteLosses(
      seq,
      losses.map(({ kind, vector }) => ({ kind, grams: total(vector) })),
      1,
    );
    for (const { lotId, kind, vector } of losses)
      this.rows.losses.push({
        seq,
        place: this.nextPlace('loss', seq),
        lotId,
        kind,
        grams: total(vector),
        vector: Buffer.from(encodeVector(vector)),
      });
  }

  /** Grams that leave for good, in the order of the fact's lots. */
  leave(seq: number, exits: readonly { lotId: string; way: string; vector: ShareVector }[]): void {
    for (const [place, { vector, ...exit }] of exits.entries())
      this.rows.exits.push({
        seq,
        place,
        ...exit,
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

  /** A mark that came with a fact. */
  addMark(mark: Mark): void {
    this.rows.newMarks.set(mark.id, mark);
  }

  /** What became of a mark. */
  async changeMark(id: string, change: Partial<Mark>): Promise<Mark> {
    const fresh = this.rows.newMarks.get(id);
    const mark = { ...(fresh ?? this.rows.changedMarks.get(id) ?? (await this.history.mark(id))), ...change };
    (fresh === undefined ? this.rows.changedMarks : this.rows.newMarks).set(id, mark);
    return mark;
  }

  /** Whether another open mark says the same of its subject. */
  async isStillMarked(mark: Mark): Promise<boolean> {
    await this.flush();
    return this.history.isStillMarked(mark);
  }

  summarise(summary: BatchSummary): void {
    this.rows.summaries.set(summary.batchId, summary);
  }

  /** What a correction changes of the summary of a batch, where the lot is one. */
  async changeSummary(lotId: string, change: Partial<LotSummary>): Promise<void> {
    await this.flush();
    const row = await this.history.summaryOf(lotId);
    if (row !== undefined) this.summarise({ ...row, summary: { ...row.summary, ...change } });
  }

  /** People behind sources, each counted once. */
  async countPeople(keys: Iterable<number>): Promise<number> {
    await this.flush();
    return this.history.countPeople(keys);
  }

  /** Losses on the way to the lot, by kind: of the lots it was made of, and of the runs. */
  async lossesOnTheWay(lotId: string): Promise<{ kind: string; grams: number }[]> {
    await this.flush();
    return this.history.lossesOnTheWay(lotId);
  }

  ownerOf(siteId: string): Promise<string> {
    return this.history.ownerOf(siteId);
  }

  timeZone(): Promise<string> {
    return this.history.timeZone();
  }

  /** By place in `facts`: the lots a fact names, but for a weigh-in's own. */
  lotsNamedIn(facts: readonly AnyFact[]): Promise<string[][]> {
    return this.stock.lotsNamedIn(facts);
  }

  /** Counts what the fact, read by now, did to what stands where; `named`: the lots it names. */
  async countStock(fact: AnyFact, named: readonly string[]): Promise<void> {
    if (bringsOneLot(fact) && !this.changedLots.has(fact.data.lotId)) {
      this.stock.weighIn(fact);
      // A weigh-in may set or take away a mark of an earlier one, and then that one's lots count as well.
      if (this.changedLots.size === 0) return;
    }
    const lotIds = new Set([...this.changedLots, ...named]);
    if (lotIds.size > 0) {
      await this.flush();
      await this.stock.count(fact.seq, lotIds, this.classesBefore);
    }
    this.changedLots.clear();
    this.classesBefore.clear();
  }

  /** Writes what is not written yet. */
  flush(): Promise<void> {
    return this.rows.write(this.client);
  }

  /** Writes the rest, once no fact is left. */
  async finish(): Promise<void> {
    await this.stock.post();
    await this.flush();
  }
}
