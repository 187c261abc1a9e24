import type { Entry } from '../ledger/entry.ts';
import {
  containsV1,
  draw,
  emptyVector,
  giveBack,
  mergeAll,
  runDraws,
  type ShareVector,
  sourceKey,
  total,
  vectorOf,
} from '../provenance/shares.ts';
import { Chains } from './chains.ts';
import { isMaterial, readingOf, type TrailFault } from './facts.ts';
import type { LotTouch, Opened, Place, Reading } from './reading.ts';

export type Source = {
  seq: number;
  kind: string;
  lotId: string;
  siteId: string;
  day: string;
  material: string;
  form: string;
  originClass: string;
};

/** What one fact did to a lot on the way: by how many grams it changed, and what it held then. */
export type Change = { lotId: string; delta: number; grams: number };
export type Step = { seq: number; at: string; type: string; changes: Change[] };
type Loss = { seq: number; kind: string; grams: number };

type LotState = {
  grams: number;
  vector: ShareVector;
  material: string;
  form: string;
  at: Place | undefined;
  /** Where it was before it left. */
  before: Place | undefined;
  taken: Map<number, ShareVector>;
};

/** The day of an instant in the programme's time zone. */
type DayOf = (at: string) => string;

/**
 * Keeps account of the lots of one trail, fact by fact, from public parts alone: the grams each holds, where it is, and
 * whose grams they are by the rule shares.v1. Facts that touch none of these lots are passed over, so that any number
 * may be fed. The fault of a fact is written down, and the account goes on with what it says.
 */
export class TrailAccount {
  readonly steps: Step[] = [];
  readonly faults: TrailFault[] = [];
  readonly sources = new Map<number, Source>();
  private readonly losses: Loss[] = [];
  private readonly state = new Map<string, LotState>();
  private readonly chains: Chains;
  private readonly lots: ReadonlySet<string>;
  private readonly dayOf: DayOf;

  constructor(lots: ReadonlySet<string>, things: ReadonlySet<string>, dayOf: DayOf) {
    this.lots = lots;
    this.dayOf = dayOf;
    this.chains = new Chains(lots, things, (fault) => this.faults.push(fault));
  }

  feed(entry: Entry): void {
    if (!isMaterial(entry.type) || this.passesBy(entry)) return;
    let reading: Reading | null;
    try {
      reading = readingOf(entry);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.fault(entry.seq, 'trail-wrong-shape', error.message);
      return;
    }
    if (reading === null) return;
    this.chains.check(entry.seq, reading);
    const touches = reading.lots.some(({ lotId }) => this.lots.has(lotId));
    if (touches || reading.opened.some(({ lotId }) => this.lots.has(lotId))) this.apply(entry, reading);
  }

  /** Whose grams the lot holds; empty of one that is not on the way. */
  vectorOf(lotId: string): ShareVector {
    return this.state.get(lotId)?.vector ?? emptyVector;
  }

  /** Grams lost so far, of lots on the way or in runs that made one. */
  lossesByKind(): Map<string, number> {
    const grams = new Map<string, number>();
    for (const loss of this.losses) grams.set(loss.kind, (grams.get(loss.kind) ?? 0) + loss.grams);
    return grams;
  }

  /** Most facts are weigh-ins of others. */
  private passesBy({ type, data }: Entry): boolean {
    return (
      type === 'collection.recorded.v1' && !this.lots.has(data.lotId as string) && data.count === undefined
    );
  }

  private apply(entry: Entry, reading: Reading): void {
    const { seq, at, type } = entry;
    for (const { what, left, right } of reading.sums)
      if (left !== right)
        this.fault(seq, 'trail-wrong-grams', `${what} does not hold: ${left} is not ${right}`);
    const step: Step = { seq, at, type, changes: [] };
    const taken = reading.lots.map((touch) => (this.lots.has(touch.lotId) ? this.touch(step, touch) : null));
    if (reading.opened.some(({ lotId }) => this.lots.has(lotId))) this.open(step, reading, taken);
    const { reclassified } = reading;
    if (reclassified !== undefined)
      for (const source of this.sources.values())
        if (source.lotId === reclassified.lotId) source.originClass = reclassified.originClass;
    this.steps.push(step);
  }

  /** Returns what was taken of the lot; null where nothing was, or where it is not known. */
  private touch(step: Step, touch: LotTouch): ShareVector | null {
    const lot = this.state.get(touch.lotId);
    if (lot === undefined) return null;
    const { seq } = step;
    const { lotId, effect, held, from, to } = touch;
    if (held !== undefined && held !== lot.grams)
      this.fault(seq, 'trail-wrong-grams', `lot ${lotId} held ${lot.grams} g, it says ${held}`);
    if (from !== undefined && lot.at !== undefined && !from.includes(lot.at))
      this.fault(seq, 'trail-wrong-place', `lot ${lotId} was at ${lot.at}, not at ${from[0]}`);
    const before = lot.grams;
    const taken = this.change(seq, lotId, lot, effect);
    if (to !== undefined) [lot.at, lot.before] = to === 'back' ? [lot.before, undefined] : [to, lot.at];
    if (effect.kind !== 'name') step.changes.push({ lotId, delta: lot.grams - before, grams: lot.grams });
    return taken;
  }

  private change(seq: number, lotId: string, lot: LotState, effect: LotTouch['effect']): ShareVector | null {
    if (effect.kind === 'give') {
      const back = lot.taken.get(effect.takenBy);
      if (back === undefined || total(back) !== effect.grams)
        this.fault(
          seq,
          'trail-wrong-grams',
          `the fact ${effect.takenBy} took no ${effect.grams} g of lot ${lotId}`,
        );
      lot.vector = giveBack(lot.vector, back ?? emptyVector);
      lot.taken.delete(effect.takenBy);
      this.forgetLosses(effect.takenBy);
    } else if (effect.kind === 'empty') lot.vector = emptyVector;
    else if (effect.kind === 'correct') {
      const [source] = lot.vector.keys.length === 0 ? this.keysOf(lotId) : [...lot.vector.keys];
      const grams = this.within(seq, lotId, lot, -effect.grams);
      lot.vector = vectorOf(source === undefined ? [] : [[source, total(lot.vector) - grams]]);
    } else if (effect.kind === 'take' || effect.kind === 'lose') {
      const { taken, rest } = draw(lot.vector, this.within(seq, lotId, lot, effect.grams));
      lot.vector = rest;
      lot.taken.set(seq, taken);
      if (effect.kind === 'lose' && effect.grams > 0)
        this.losses.push({ seq, kind: effect.loss, grams: effect.grams });
      lot.grams = total(lot.vector);
      return taken;
    }
    lot.grams = total(lot.vector);
    return null;
  }

  /** The grams to be taken, or all there are where it would be more: no gram is made. */
  private within(seq: number, lotId: string, lot: LotState, grams: number): number {
    if (grams <= lot.grams) return grams;
    this.fault(seq, 'trail-wrong-grams', `${grams} g are taken of lot ${lotId}, which holds ${lot.grams}`);
    return lot.grams;
  }

  private open(step: Step, reading: Reading, taken: readonly (ShareVector | null)[]): void {
    const made = reading.opened.find(({ of, lotId }) => of !== undefined && this.lots.has(lotId));
    const vectors = made === undefined ? [] : this.vectorsOf(step.seq, reading, taken);
    for (const [i, opened] of reading.opened.entries()) {
      if (!this.lots.has(opened.lotId)) continue;
      const vector = opened.of === undefined ? this.sourceOf(step, opened) : vectors[i];
      // Made of what the way does not lead to: its own fault stands there already.
      if (vector === undefined) continue;
      const [input] = opened.of ?? [];
      const from = input === undefined ? undefined : this.state.get(reading.lots[input]!.lotId);
      const { material = from?.material ?? '', form = from?.form ?? '', at, lotId } = opened;
      const grams = total(vector);
      this.state.set(lotId, {
        ...{ grams, vector, material, form, taken: new Map() },
        // Where a buyer keeps what was delivered is private.
        at: at === 'a buyer' ? undefined : at,
        before: from?.before,
      });
      step.changes.push({ lotId, delta: grams, grams });
    }
  }

  /** What the lots made of others hold, in the order of the opened ones. */
  private vectorsOf(
    seq: number,
    reading: Reading,
    taken: readonly (ShareVector | null)[],
  ): (ShareVector | undefined)[] {
    const { opened, losses = [] } = reading;
    const inputs = (places: readonly number[]) => places.map((place) => taken[place]!);
    const known = ({ of = [], lotId }: Opened) =>
      !this.lots.has(lotId) || of.every((place) => taken[place] != null);
    if (!opened.every(known)) return [];
    try {
      if (reading.isRun) return this.runOf(seq, reading, inputs(opened[0]!.of!));
      return opened.map(({ of, lotId }) => {
        if (of === undefined || !this.lots.has(lotId)) return undefined;
        const whole = mergeAll(inputs(of));
        if (losses.length === 0) return whole;
        const [{ kind, grams }] = losses as [{ kind: string; grams: number }];
        this.losses.push({ seq, kind, grams });
        return draw(whole, grams).rest;
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.fault(seq, 'trail-wrong-grams', error.message);
      return [];
    }
  }

  private runOf(
    seq: number,
    { opened, losses = [] }: Reading,
    inputs: readonly ShareVector[],
  ): ShareVector[] {
    const outputs = opened.map(({ material, form, grams }) => ({ material: material!, form: form!, grams }));
    const drawn = runDraws(inputs, outputs, losses, (key) => this.sources.get(key)!, containsV1);
    for (const { kind, grams } of losses) this.losses.push({ seq, kind, grams });
    return drawn.outputs.map(({ vector }) => vector);
  }

  private sourceOf({ seq, at }: Step, opened: Opened): ShareVector {
    const { lotId, place, grams, material = '', form = '', siteId = '', originClass = 'none' } = opened;
    const key = sourceKey(seq, place);
    const day = opened.day ?? this.dayOf(at);
    const kind = opened.kind ?? 'weigh-in';
    this.sources.set(key, { seq, kind, lotId, siteId, day, material, form, originClass });
    return vectorOf([[key, grams]]);
  }

  private keysOf(lotId: string): number[] {
    return [...this.sources].flatMap(([key, source]) => (source.lotId === lotId ? [key] : []));
  }

  private forgetLosses(seq: number): void {
    for (let i = this.losses.length - 1; i >= 0; i--)
      if (this.losses[i]!.seq === seq) this.losses.splice(i, 1);
  }

  private fault(seq: number, kind: TrailFault['kind'], reason: string): void {
    this.faults.push({ seq, kind, reason });
  }
}
