import { type CountedFact, SHORTAGE } from '../custody/stock-counts.facts.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { drawOver } from '../lots/draw.ts';
import { labelOf } from './project.label.ts';
import { markLots } from './project.material-marks.ts';
import type { Readers } from './project.reader.ts';
import { addSurplus } from './project.surplus.ts';
import { type LoadLot, loseFromLots, makeLots, returnUses, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { emptyVector } from './shares.ts';

type Part = Use & { partLotId?: string };

/** Whole lots go undrawn; each part is a lot of its own. */
const dispatch = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const parts = (data.lots as Part[]).filter((lot) => lot.partLotId !== undefined);
  const taken = await takeUses(projection, seq, parts);
  const kinds = await projection.states(parts.map((part) => part.lotId));
  for (const [i, { partLotId: lotId, ...use }] of parts.entries()) {
    const output = { lotId: lotId!, ...kinds[i]!.kind, vector: taken[i]!.vector, estimatedGrams: 0 };
    await makeLots(projection, seq, [use], [taken[i]!], null, [output]);
  }
};

/** A load on hold is claimable as a whole at most at its measured grams: each lot at its part of them; null frees it. */
export const holdLots = async (
  projection: Projection,
  seq: number,
  lots: readonly LoadLot[],
  measuredGrams: number | null,
): Promise<void> => {
  const ids = lots.map((lot) => lot.lotId);
  const parts = measuredGrams === null ? null : drawOver(valuesOf(lots), measuredGrams);
  await projection.states(ids);
  for (const [i, id] of ids.entries()) {
    const { label, madeBy } = await labelOf(projection, id);
    projection.setLabel(id, seq, { ...label, holdGrams: parts === null ? null : parts[i]! }, madeBy);
  }
};

const valuesOf = (lots: readonly LoadLot[]): number[] => lots.map((lot) => lot.bookedGrams);

/** Kinds of cases under which lots are claimable at most at what was measured. */
const HOLDING: readonly string[] = ['receipt-short', 'load-lost', 'late-count', 're-weighing'];

const decideCase = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  await loseFromLots(projection, seq, data.lots, data.lossKind);
  if (HOLDING.includes(data.kind)) await holdLots(projection, seq, data.lots, null);
};

/** Marks that came with the arrival of a load, on the lots that arrived. */
const markLoad = (projection: Projection, fact: AnyFact): Promise<void> =>
  markLoads(projection, fact, [fact.data as MarkedLoad]);

type MarkedLoad = {
  shipmentId: string;
  lots: readonly { lotId: string }[];
  marks?: readonly { markId: string; code: string }[] | undefined;
};

/** As `markLoad`, of several that arrived together: their marks are counted through. */
export const markLoads = async (
  projection: Projection,
  { seq, data: { siteId }, private: more }: AnyFact,
  loads: readonly MarkedLoad[],
): Promise<void> => {
  const organisationIds = (more.organisationIds as string[] | undefined) ?? [];
  let place = 0;
  for (const { shipmentId: subjectId, lots, marks = [] } of loads) {
    const lotIds = lots.map(({ lotId }) => lotId);
    const about = { seq, subjectKind: 'shipment' as const, subjectId, siteId, lotIds, organisationIds };
    for (const mark of marks) await markLots(projection, seq, { ...mark, ...about }, place++);
  }
};

const receive = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, at, data, actor } = fact;
  await loseFromLots(projection, seq, data.lots, data.lossKind ?? 'scale-difference');
  if (data.onHold) await holdLots(projection, seq, data.lots, data.measuredGrams);
  if (data.surplus !== undefined) await addSurplus(projection, { seq, at, actor }, data.siteId, data.surplus);
  await markLoad(projection, fact);
};

const voidDispatch = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const parts = data.parts as (Use & { partLotId: string })[];
  const partLotIds = parts.map((part) => part.partLotId);
  await returnUses(projection, seq, data.dispatchedSeq, parts);
  await projection.states(partLotIds);
  for (const lotId of partLotIds) projection.setVector(lotId, seq, emptyVector);
  await projection.forget(data.dispatchedSeq, seq);
};

const countStock = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const items = fact.data.items as CountedFact['items'];
  for (const [place, { material, form, lots, surplus }] of items.entries()) {
    await loseFromLots(projection, fact.seq, lots, SHORTAGE);
    if (surplus !== undefined)
      await addSurplus(projection, fact, fact.data.siteId, { ...surplus, material, form }, place);
  }
};

export const custodyReaders: Readers = {
  'stock.counted.v1': countStock,
  'shipment.voided.v1': voidDispatch,
  'shipment.dispatched.v1': dispatch,
  'shipment.received.v1': receive,
  'shipment.unweighed.v1': markLoad,
  'case.decided.v1': decideCase,
};
