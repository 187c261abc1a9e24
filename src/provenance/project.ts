import type pg from 'pg';
import type { Step } from '../db/pipeline.ts';
import { dayIn } from '../kernel/time.ts';
import { CLAIMABLE_ORIGINS } from '../kernel/vocabulary.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { acceptedGrams, claimableOf, custodySource } from './claimable.ts';
import { type CustodyModel, custodyModel, lowestModel, modelOfInputs } from './custody-model.ts';
import { type LotState, Projection } from './projection.ts';
import { containsV1, draw, mergeAll, runDraws, type ShareVector, sourceKey, total } from './shares.ts';
import { batchSummary } from './summary.ts';

/** Writes what the facts mean for provenance, in the follower's transaction; `last` runs after it. */
export const projectFacts = async (
  client: pg.PoolClient,
  facts: readonly AnyFact[],
  last: readonly Step[] = [],
): Promise<void> => {
  const projection = new Projection(client);
  for (const fact of facts) await READERS[fact.type]?.(projection, fact);
  await projection.flush(last);
};

const READERS: Record<string, (projection: Projection, fact: AnyFact) => Promise<void>> = {
  'collection.recorded.v1': async (projection, fact) => addCollection(projection, fact),
  'shipment.dispatched.v1': (projection, fact) => dispatch(projection, fact),
  'shipment.received.v1': (projection, fact) => receive(projection, fact),
  'case.decided.v1': (projection, { seq, data }) => loseFromLots(projection, seq, data.lots, data.lossKind),
  'process-run.completed.v1': (projection, fact) => run(projection, fact),
  'batch.sealed.v1': (projection, fact) => sealBatch(projection, fact),
};

/** Marks that leave the claim alone. */
const HARMLESS = ['late'];

const addCollection = (
  projection: Projection,
  { seq, data, private: more, actor, people }: AnyFact,
): void => {
  const open = (data.marks as string[]).some((mark) => !HARMLESS.includes(mark));
  projection.addSource(
    {
      key: sourceKey(seq, 0),
      kind: 'weigh-in',
      lotId: data.lotId,
      collectionId: more.id,
      organisationId: actor,
      siteId: data.siteId,
      deviceId: more.deviceId ?? null,
      day: data.day,
      material: data.material,
      form: data.form,
      originClass: data.originClass,
      grams: data.grossGrams - data.tareGrams,
      payGrams: data.payGrams,
      claimableGrams: data.claimableGrams,
      accepted: CLAIMABLE_ORIGINS.includes(data.originClass) && data.basis === 'weighed' && !open,
      marks: data.marks,
      parties: people.length,
    },
    people.flatMap((person) => (person === null ? [] : [person.personId])),
  );
};

type Use = { lotId: string; grams: number };

/** Draws each use from its lot, in the order written; a whole lot goes undrawn. */
const takeUses = async (projection: Projection, seq: number, uses: readonly Use[]) => {
  const states = await projection.states(uses.map((use) => use.lotId));
  return uses.map(({ lotId, grams }, i) => {
    const { vector, ...state } = states[i]!;
    const whole = total(vector);
    if (grams === whole) return { ...state, vector, whole };
    const { taken, rest } = draw(vector, grams);
    projection.setVector(lotId, seq, rest);
    return { ...state, vector: taken, whole };
  });
};

type Taken = Omit<LotState, 'vector'> & { vector: ShareVector; whole: number };

/** What norms and marks upstream leave of the grams taken together; null where none applied. */
const capOf = (taken: readonly Taken[]): number | null =>
  taken.every((t) => t.capGrams === null)
    ? null
    : taken.reduce((sum, t) => {
        const grams = total(t.vector);
        return (
          sum + (t.capGrams === null ? grams : Number((BigInt(t.capGrams) * BigInt(grams)) / BigInt(t.whole)))
        );
      }, 0);

const modelOf = (
  vectors: readonly ShareVector[],
  taken: readonly Taken[],
  sourceOf: Parameters<typeof claimableOf>[3],
) => {
  const keys = vectors.flatMap((vector) => [...vector.keys]);
  return modelOfInputs(
    keys.map((key) => custodySource(sourceOf(key))),
    taken.flatMap((t) => (t.model === null ? [] : [t.model])),
  );
};

const dispatch = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const parts = (data.lots as (Use & { partLotId?: string })[]).filter((lot) => lot.partLotId !== undefined);
  const taken = await takeUses(projection, seq, parts);
  const sourceOf = await projection.sourcesOf(taken.map((t) => t.vector));
  for (const [i, part] of parts.entries()) {
    const { vector, model } = taken[i]!;
    const capGrams = capOf([taken[i]!]);
    projection.openLot(part.partLotId!, seq, vector, {
      custodyModel: model ?? modelOfInputs([...vector.keys].map((key) => custodySource(sourceOf(key)))),
      claimableGrams: claimableOf(sourceOf(vector.keys[0]!), vector, capGrams, sourceOf),
      capGrams,
      estimatedGrams: 0,
    });
  }
  projection.move(seq, [
    ...parts.map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
    ...parts.map(({ partLotId, grams }) => ({ lotId: partLotId!, direction: 'out' as const, grams })),
  ]);
};

type LoadLot = { lotId: string; bookedGrams: number; lossGrams: number };

const loseFromLots = async (projection: Projection, seq: number, lots: readonly LoadLot[], kind: string) => {
  const losing = lots.filter((lot) => lot.lossGrams > 0);
  const states = await projection.states(losing.map((lot) => lot.lotId));
  const losses = losing.map(({ lotId, lossGrams }, i) => {
    const { taken, rest } = draw(states[i]!.vector, lossGrams);
    projection.setVector(lotId, seq, rest);
    return { lotId, kind, vector: taken };
  });
  projection.lose(seq, losses);
  projection.move(
    seq,
    losing.map(({ lotId, lossGrams }) => ({ lotId, direction: 'loss' as const, grams: lossGrams })),
  );
};

const receive = async (projection: Projection, { seq, at, data, actor }: AnyFact): Promise<void> => {
  await loseFromLots(projection, seq, data.lots, data.lossKind ?? 'scale-difference');
  if (data.surplus === undefined) return;
  const { lotId, grams, material, form } = data.surplus;
  projection.addSource(
    {
      key: sourceKey(seq, 0),
      kind: 'surplus',
      lotId,
      collectionId: null,
      organisationId: actor,
      siteId: data.siteId,
      deviceId: null,
      day: dayIn(await projection.timeZone(), at),
      material,
      form,
      originClass: 'none',
      grams,
      payGrams: 0,
      claimableGrams: 0,
      accepted: false,
      marks: ['surplus'],
      parties: 0,
    },
    [],
  );
};

const run = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const taken = await takeUses(projection, seq, data.inputs);
  const sourceOf = await projection.sourcesOf(taken.map((t) => t.vector));
  const outputs = data.outputs as { lotId: string; material: string; form: string; grams: number }[];
  const losses = data.losses as { kind: string; grams: number }[];
  const drawn = runDraws(
    taken.map((t) => t.vector),
    outputs,
    losses,
    sourceOf,
    containsV1,
  );
  const inputs = mergeAll(taken.map((t) => t.vector));
  // Steps that need no cleaning of the line are not marked for the lack of it.
  const clean = !(data.marks as string[]).includes('no-line-clean');
  const model = custodyModel(modelOf([inputs], taken, sourceOf), data.custodyModel as CustodyModel, clean);
  let left = capOfRun(data, inputs, taken, sourceOf);
  for (const [i, output] of outputs.entries()) {
    const { vector, estimatedGrams } = drawn.outputs[i]!;
    const claimableGrams = claimableOf(output, vector, left, sourceOf);
    projection.openLot(output.lotId, seq, vector, {
      custodyModel: model,
      claimableGrams,
      capGrams: left === null ? null : claimableGrams,
      estimatedGrams,
    });
    if (left !== null) left -= claimableGrams;
  }
  projection.lose(
    seq,
    losses.map(({ kind }, i) => ({ lotId: null, kind, vector: drawn.losses[i]! })),
  );
  projection.move(seq, [
    ...(data.inputs as Use[]).map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
    ...outputs.map(({ lotId, grams }) => ({ lotId, direction: 'out' as const, grams })),
  ]);
};

/** The outputs of a run together: ⌊accepted input grams × upper norm⌋, nothing while its yield is in doubt. */
const capOfRun = (
  data: AnyFact['data'],
  inputs: ShareVector,
  taken: readonly Taken[],
  sourceOf: Parameters<typeof claimableOf>[3],
): number | null => {
  if ((data.marks as string[]).includes('yield-above-range')) return 0;
  const earlier = capOf(taken);
  const norm = data.maxYieldBasisPoints as number | undefined;
  if (norm === undefined) return earlier;
  const cap = Number((BigInt(acceptedGrams(inputs, sourceOf)) * BigInt(norm)) / 10_000n);
  return earlier === null ? cap : Math.min(cap, earlier);
};

const sealBatch = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const uses = data.inputs as Use[];
  const taken = await takeUses(projection, seq, uses);
  const vector = mergeAll(taken.map((t) => t.vector));
  const sourceOf = await projection.sourcesOf([vector]);
  const capGrams = capOf(taken);
  const model = lowestModel([modelOf([vector], taken, sourceOf), data.custodyModel as CustodyModel]);
  const claimableGrams = claimableOf(data, vector, capGrams, sourceOf);
  projection.openLot(data.lotId, seq, vector, {
    custodyModel: model,
    claimableGrams,
    capGrams,
    estimatedGrams: 0,
  });
  projection.move(seq, [
    ...uses.map(({ lotId, grams }) => ({ lotId, direction: 'in' as const, grams })),
    { lotId: data.lotId, direction: 'out', grams: total(vector) },
  ]);
  await projection.flush();
  const summary = batchSummary(vector, sourceOf, {
    claimableGrams,
    custodyModel: model,
    people: await projection.countPeople(vector.keys),
    losses: await projection.lossesOnTheWay(data.lotId),
  });
  projection.summarise({ batchId: data.batchId, organisationId: data.organisationId, seq, summary });
};
