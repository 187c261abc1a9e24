import { dayIn } from '../kernel/time.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Projection } from './projection.ts';
import { sourceKey } from './shares.ts';

/** What a scale said beyond the booked grams: a source without origin, at this place among the lots of its fact. */
export const addSurplus = async (
  projection: Projection,
  { seq, at, data, actor }: AnyFact,
  place: number,
): Promise<void> => {
  if (data.surplus === undefined) return;
  const { lotId, grams, material, form } = data.surplus;
  projection.addSource(
    {
      key: sourceKey(seq, place),
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
