import { CLAIMABLE_ORIGINS } from '../kernel/vocabulary.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Readers } from './project.reader.ts';
import type { Projection } from './projection.ts';
import { sourceKey } from './shares.ts';

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
      bookedGrams: data.grossGrams - data.tareGrams,
      deficitGrams: 0,
      payGrams: data.payGrams,
      claimableGrams: data.claimableGrams,
      accepted: CLAIMABLE_ORIGINS.includes(data.originClass) && data.basis === 'weighed' && !open,
      marks: data.marks,
      parties: people.length,
    },
    people.flatMap((person) => (person === null ? [] : [person.personId])),
  );
};

export const collectionReaders: Readers = {
  'collection.recorded.v1': async (projection, fact) => addCollection(projection, fact),
};
