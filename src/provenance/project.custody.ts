import { dayIn } from '../kernel/time.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Readers } from './project.reader.ts';
import { loseFromLots, makeLots, takeUses, type Use } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { sourceKey } from './shares.ts';

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
      bookedGrams: grams,
      deficitGrams: 0,
      payGrams: 0,
      claimableGrams: 0,
      accepted: false,
      marks: ['surplus'],
      parties: 0,
    },
    [],
  );
};

export const custodyReaders: Readers = {
  'shipment.dispatched.v1': dispatch,
  'shipment.received.v1': receive,
  'case.decided.v1': (projection, { seq, data }) => loseFromLots(projection, seq, data.lots, data.lossKind),
};
