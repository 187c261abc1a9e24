import type { Test } from 'tap';
import { type CustodyModel, custodyModel, modelOfInputs } from '../../src/provenance/custody-model.ts';
import {
  containsV1,
  decodeVector,
  draw,
  emptyVector,
  encodeVector,
  giveBack,
  mergeAll,
  runDraws,
  type ShareVector,
  sourceKey,
  sourcePlace,
  sourceSeq,
  vectorOf,
} from '../../src/provenance/shares.ts';

/** A source with its grams, as the vectors write it. */
type Triple = [seq: number, place: number, grams: number];
type Step = {
  draw?: { from: string; grams: number; to: string };
  merge?: { from: string[]; to: string };
  return?: { from: string; to: string };
  taken?: Triple[];
  rest?: Triple[];
  gives?: Triple[];
};
type Part = { material: string; form: string; grams: number };
export type Vector = { why: string; fault?: string } & (
  | { kind: 'steps'; lots: Record<string, Triple[]>; steps: Step[] }
  | { kind: 'vector'; entries: Triple[]; gives?: Triple[] }
  | { kind: 'codec'; vector?: Triple[]; hex: string }
  | {
      kind: 'run';
      inputs: Triple[][];
      sources: [number, number, string, string][];
      outputs: Part[];
      losses: { grams: number }[];
      gives?: { outputs: { shares: Triple[]; estimatedGrams: number }[]; losses: Triple[][] };
    }
  | { kind: 'contains'; rows: [string, string, string, string, boolean][] }
  | { kind: 'custody-model'; rows: [CustodyModel, CustodyModel, boolean, CustodyModel][] }
  | {
      kind: 'inputs-model';
      rows: [{ siteId: string; accepted: boolean }[], CustodyModel[], CustodyModel][];
    }
);

const fromTriples = (triples: Triple[]): ShareVector =>
  vectorOf(triples.map(([seq, place, grams]) => [sourceKey(seq, place), grams]));

const toTriples = (v: ShareVector): Triple[] =>
  Array.from(v.keys, (key, k) => [sourceSeq(key), sourcePlace(key), v.grams[k]!]);

/** Does what a vector says: compares results with `t`, lets through what the code under test throws. */
export function replay(t: Test, vector: Vector): void {
  switch (vector.kind) {
    case 'steps': {
      const lots = new Map(Object.entries(vector.lots).map(([name, lot]) => [name, fromTriples(lot)]));
      const lot = (name: string): ShareVector => lots.get(name) ?? emptyVector;
      for (const step of vector.steps) replayStep(t, step, lots, lot);
      return;
    }
    case 'vector':
      return void t.strictSame(toTriples(fromTriples(vector.entries)), vector.gives);
    case 'codec': {
      const decoded = decodeVector(Buffer.from(vector.hex, 'hex'));
      t.strictSame(toTriples(decoded), vector.vector);
      return void t.equal(Buffer.from(encodeVector(decoded)).toString('hex'), vector.hex);
    }
    case 'run': {
      const kinds = new Map(
        vector.sources.map(([seq, place, material, form]) => [sourceKey(seq, place), { material, form }]),
      );
      const inputs = vector.inputs.map(fromTriples);
      const given = runDraws(inputs, vector.outputs, vector.losses, (key) => kinds.get(key)!, containsV1);
      const outputs = given.outputs.map(({ vector, estimatedGrams }) => ({
        shares: toTriples(vector),
        estimatedGrams,
      }));
      return void t.strictSame({ outputs, losses: given.losses.map(toTriples) }, vector.gives);
    }
    case 'contains':
      for (const [from, fromForm, to, toForm, can] of vector.rows)
        t.equal(
          containsV1({ material: from, form: fromForm }, { material: to, form: toForm }),
          can,
          `${from} ${fromForm} ${can ? 'contains' : 'does not contain'} ${to} ${toForm}`,
        );
      return;
    case 'custody-model':
      for (const [inputs, scope, lineClean, model] of vector.rows)
        t.equal(custodyModel(inputs, scope, lineClean), model);
      return;
    case 'inputs-model':
      for (const [sources, earlier, model] of vector.rows) t.equal(modelOfInputs(sources, earlier), model);
  }
}

function replayStep(
  t: Test,
  step: Step,
  lots: Map<string, ShareVector>,
  lot: (name: string) => ShareVector,
): void {
  if (step.draw) {
    const { taken, rest } = draw(lot(step.draw.from), step.draw.grams);
    lots.set(step.draw.from, rest).set(step.draw.to, taken);
    t.strictSame([toTriples(taken), toTriples(rest)], [step.taken, step.rest]);
  } else if (step.merge) {
    const merged = mergeAll(step.merge.from.map(lot));
    for (const from of step.merge.from) lots.delete(from);
    lots.set(step.merge.to, merged);
    t.strictSame(toTriples(merged), step.gives);
  } else if (step.return) {
    const whole = giveBack(lot(step.return.to), lot(step.return.from));
    lots.delete(step.return.from);
    lots.set(step.return.to, whole);
    t.strictSame(toTriples(whole), step.gives);
  }
}
