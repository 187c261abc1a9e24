import { dayIn } from '../kernel/time.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Projection } from './projection.ts';
import { sourceKey } from './shares.ts';

/** Grams measured beyond what was booked: a source of origin none, never claimable, never paid (domain, "Three weights"). */
export const addSurplus = async (
  projection: Projection,
  { seq, at, actor }: Pick<AnyFact, 'seq' | 'at' | 'actor'>,
  siteId: string,
  surplus: { lotId: string; material: string; form: string; grams: number },
  place = 0,
): Promise<void> =>
  projection.addSource(
    {
      key: sourceKey(seq, place),
      kind: 'surplus',
      collectionId: null,
      organisationId: actor,
      siteId,
      deviceId: null,
      day: dayIn(await projection.timeZone(), at),
      originClass: 'none',
      basis: 'weighed',
      bookedGrams: surplus.grams,
      deficitGrams: 0,
      payGrams: 0,
      claimableGrams: 0,
      accepted: false,
      marks: ['surplus'],
      parties: 0,
      ...surplus,
    },
    [],
  );
