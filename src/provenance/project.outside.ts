import type { AnyFact } from '../ledger/fact.ts';
import { type Outside, outsideClaim } from '../outside/outside.ts';
import { addMarks } from './project.marks.ts';
import type { Readers } from './project.reader.ts';
import type { Projection } from './projection.ts';
import { sourceKey } from './shares.ts';

const admit = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data, actor, private: more } = fact;
  // What the certificate says once no mark is open: the grams wait for two who clear it.
  const { certifiedGrams } = outsideClaim({ ...(data as Outside), certificate: more.certificate }, []);
  projection.addSource(
    {
      key: sourceKey(seq, 0),
      kind: 'outside',
      lotId: data.lotId,
      collectionId: null,
      organisationId: actor,
      siteId: data.siteId,
      deviceId: null,
      day: data.day,
      material: data.material,
      form: data.form,
      originClass: data.originClass,
      basis: 'weighed',
      grams: data.grams,
      bookedGrams: data.grams,
      deficitGrams: 0,
      // Nobody was paid for it here: what counts of it is what a certificate lets be claimed.
      payGrams: certifiedGrams,
      claimableGrams: data.claimableGrams,
      accepted: data.certifiedGrams > 0,
      marks: data.marks,
      parties: 0,
    },
    [],
  );
  await addMarks(projection, fact, 'outside-material', data.lotId);
};

export const outsideReaders: Readers = { 'outside-material.admitted.v1': admit };
