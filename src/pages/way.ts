import type { Flow, Node, Shade } from './sankey.ts';

/** Grams that one fact took from lots, or made into lots, of one kind and origin. */
export type Move = {
  seq: number;
  direction: 'in' | 'out';
  /** The fact that made the lots; null where they came in from outside. */
  maker: number | null;
  kind: string;
  material: string;
  form: string;
  originClass: string | null;
  /** Whether the lots are on the way. */
  onWay: boolean;
  grams: number;
};

/** Grams lost of lots on the way, or in a step on it. */
export type WayLoss = {
  maker: number | null;
  kind: string;
  originClass: string | null;
  lot: boolean;
  grams: number;
};

/** What the names of bars are made of; the page says them in its language. */
export type Naming = {
  source: (kind: string, originClass: string) => string;
  step: (kind: string, material: string, form: string) => string;
  lost: string;
  elsewhere: string;
};

/** So many layers a picture may have: a longer way is drawn from its sources to its batch at once. */
const DEEPEST = 9;
const MOST_BARS = 40;

type Step = { id: string; layer: number; label: string; shade: Shade };

/** How many steps lie between a fact and what came in, the first being 1. Makers come before what they made. */
const depthsOf = (moves: readonly Move[]): Map<number, number> => {
  const depths = new Map<number, number>();
  for (const seq of [...new Set(moves.map((move) => move.seq))].sort((a, b) => a - b)) {
    const before = moves.filter((move) => move.seq === seq && move.direction === 'in');
    depths.set(
      seq,
      1 + Math.max(0, ...before.map(({ maker }) => (maker === null ? 0 : (depths.get(maker) ?? 0)))),
    );
  }
  return depths;
};

const sourceId = (kind: string, originClass: string | null): string => `source ${kind} ${originClass}`;

/**
 * The way of a batch as bars and bands. Every figure is a sum of what facts say they took and made: nothing is
 * estimated and nothing shared out, so of each step the whole is drawn, with what went elsewhere and what was lost.
 */
export const wayOf = (
  moves: readonly Move[],
  losses: readonly WayLoss[],
  naming: Naming,
): { nodes: Node[]; flows: Flow[] } => {
  const depths = depthsOf(moves);
  const steps = stepsOf(moves, depths, naming);
  const bands = new Bands();
  for (const move of moves) {
    const { seq, direction, maker, kind, originClass, grams } = move;
    if (direction === 'in') {
      const from = maker === null ? sourceOf(bands, kind, originClass, naming) : steps.get(maker);
      if (from !== undefined) bands.add(from, steps.get(seq)!, grams);
    } else bands.made(steps.get(seq)!, grams);
  }
  for (const { maker, kind: _, originClass, lot, grams } of losses) {
    const from = maker === null ? sourceOf(bands, 'weigh-in', originClass, naming) : steps.get(maker);
    if (from === undefined) continue;
    // What a step lost is no part of what it made; what a lot lost was.
    if (!lot) bands.made(from, grams);
    bands.add(from, endOf('lost', from, naming.lost, 's6'), grams);
  }
  return bands.closed(naming.elsewhere);
};

const endOf = (name: string, { layer }: Step, label: string, shade: Shade): Step => ({
  id: `${name} ${layer + 1}`,
  layer: layer + 1,
  label,
  shade,
});

const sourceOf = (bands: Bands, kind: string, originClass: string | null, { source }: Naming): Step => {
  const id = sourceId(kind, originClass);
  const shade: Shade = kind === 'weigh-in' ? 's2' : 's5';
  return bands.named.get(id) ?? { id, layer: 0, label: source(kind, originClass ?? 'unknown'), shade };
};

/** Facts of one depth that made the same are one bar; the last one is the batch. */
const stepsOf = (
  moves: readonly Move[],
  depths: ReadonlyMap<number, number>,
  { step }: Naming,
): Map<number, Step> => {
  const steps = new Map<number, Step>();
  for (const { seq, direction, onWay, kind, material, form } of moves) {
    if (direction !== 'out' || !onWay || steps.has(seq)) continue;
    const layer = depths.get(seq)!;
    const id = `${layer} ${kind} ${material} ${form}`;
    const shade: Shade = kind === 'batch' ? 's1' : kind === 'part' ? 's4' : 's3';
    steps.set(seq, { id, layer, label: step(kind, material, form), shade });
  }
  return steps;
};

/** Adds grams up, band by band. */
class Bands {
  readonly named = new Map<string, Step>();
  private readonly flows = new Map<string, Flow>();
  private readonly out = new Map<string, number>();

  add(from: Step, to: Step, grams: number): void {
    this.named.set(from.id, from);
    this.named.set(to.id, to);
    const id = `${from.id} → ${to.id}`;
    const flow = this.flows.get(id) ?? { from: from.id, to: to.id, grams: 0 };
    flow.grams += grams;
    this.flows.set(id, flow);
  }

  /** So many grams stood at a step when it was done. */
  made(step: Step, grams: number): void {
    this.named.set(step.id, step);
    this.out.set(step.id, (this.out.get(step.id) ?? 0) + grams);
  }

  private sum(end: 'from' | 'to', id: string): number {
    let grams = 0;
    for (const flow of this.flows.values()) if (flow[end] === id) grams += flow.grams;
    return grams;
  }

  /** With a bar for what each step made that did not go on. */
  closed(elsewhere: string): { nodes: Node[]; flows: Flow[] } {
    const last = [...this.named.values()].reduce((a, b) => (b.layer > a.layer && this.out.has(b.id) ? b : a));
    for (const step of [...this.named.values()]) {
      const rest = (this.out.get(step.id) ?? 0) - this.sum('from', step.id);
      if (step.id !== last.id && rest > 0) this.add(step, endOf('elsewhere', step, elsewhere, 's5'), rest);
    }
    const nodes = [...this.named.values()]
      .map((step) => ({
        ...step,
        grams: Math.max(this.sum('from', step.id), this.sum('to', step.id), this.out.get(step.id) ?? 0),
      }))
      .sort((a, b) => a.layer - b.layer || b.grams - a.grams || (a.id < b.id ? -1 : 1));
    const flows = [...this.flows.values()];
    return nodes.length > MOST_BARS || last.layer > DEEPEST ? this.shortened(last, nodes) : { nodes, flows };
  }

  /** Only what came in, and the batch. */
  private shortened(last: Step, nodes: readonly Node[]): { nodes: Node[]; flows: Flow[] } {
    const sources = nodes.filter(({ layer }) => layer === 0);
    const batch = { ...last, layer: 1, grams: this.out.get(last.id) ?? 0 };
    return { nodes: [...sources, batch], flows: [] };
  }
}
