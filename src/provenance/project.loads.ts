import type { ReceivedTogether } from '../custody/together.facts.ts';
import type { Lost } from '../custody/unmeasured.facts.ts';
import type { AnyFact } from '../ledger/fact.ts';
import { holdLots, markLoads } from './project.custody.ts';
import type { Readers } from './project.reader.ts';
import { addSurplus } from './project.surplus.ts';
import { loseFromLots } from './project.uses.ts';
import type { Projection } from './projection.ts';

/** While nobody has decided, nothing of a load reported lost is claimable. */
const loseLoad = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const { lots, lossKind, case: question } = data as Lost;
  await loseFromLots(projection, seq, lots, lossKind);
  if (question !== undefined) await holdLots(projection, seq, lots, 0);
};

const receiveTogether = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data } = fact;
  const { loads, lossKind, measuredGrams, onHold, siteId, surplus } = data as ReceivedTogether;
  const lots = loads.flatMap((load) => load.lots);
  await loseFromLots(projection, seq, lots, lossKind ?? 'scale-difference');
  if (onHold) await holdLots(projection, seq, lots, measuredGrams);
  if (surplus !== undefined) await addSurplus(projection, fact, siteId, surplus);
  await markLoads(projection, fact, loads);
};

export const loadReaders: Readers = {
  'shipment.lost.v1': loseLoad,
  'shipments.received.v1': receiveTogether,
};
