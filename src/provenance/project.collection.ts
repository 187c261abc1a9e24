import type { CollectionData } from '../collection/collection.facts.ts';
import { lostToCount } from '../collection/late-count.ts';
import { SHORTAGE } from '../custody/stock-counts.facts.ts';
import type { AnyFact } from '../ledger/fact.ts';
import type { Redrawn } from '../lots/count-losses.ts';
import type { Source } from '../lots/sources.tables.ts';
import { isAccepted } from './accepted.ts';
import { attestedCounter } from './project.counters.ts';
import { holdLots } from './project.custody.ts';
import { addMarks } from './project.marks.ts';
import type { Readers } from './project.reader.ts';
import { addSurplus } from './project.surplus.ts';
import { loseFromLots, returnLosses } from './project.uses.ts';
import type { Projection } from './projection.ts';
import { relabel } from './relabel.ts';
import { sourceKey, total, vectorOf } from './shares.ts';

const addCollection = (projection: Projection, fact: AnyFact): void => {
  const { seq, data, private: more, actor, people } = fact;
  const attested = attestedCounter(fact);
  const grams = data.grossGrams - data.tareGrams;
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
      basis: data.basis,
      grams,
      bookedGrams: grams,
      deficitGrams: 0,
      payGrams: data.payGrams,
      claimableGrams: data.claimableGrams,
      accepted: isAccepted(data as Source),
      marks: data.marks,
      parties: people.length,
      originEvidence: data.originEvidence,
      ...(attested === null ? {} : { deviceKey: attested.deviceKey, counter: attested.counter }),
    },
    people.flatMap((person) => (person === null ? [] : [person.personId])),
  );
};

/** Changes the grams of the weigh-in's own lot, and what is known of it wherever its grams went. */
const changeOwnLot = async (
  projection: Projection,
  seq: number,
  lotId: string,
  changeGrams: number,
  change: (source: Source) => Partial<Source>,
): Promise<void> => {
  const { madeBy } = await projection.makerOf(lotId);
  const key = sourceKey(madeBy, 0);
  const [state] = await projection.states([lotId]);
  await projection.changeSource(key, (source) => {
    const changed = { ...source, ...change(source) };
    return { ...changed, accepted: isAccepted(changed) };
  });
  projection.setVector(lotId, seq, vectorOf([[key, total(state!.vector) + changeGrams]]));
  await relabel(projection, seq, { lots: [lotId] });
};

const correct = async (projection: Projection, fact: AnyFact): Promise<void> => {
  const { seq, data } = fact;
  const { originClass, originEvidence, payGrams, bookedGrams, deficitGrams } = data;
  const change = { originClass, originEvidence, payGrams, bookedGrams, deficitGrams };
  await changeOwnLot(projection, seq, data.lotId, data.lotChangeGrams, () => change);
  if (data.surplus !== undefined) await addSurplus(projection, fact, data.siteId, data.surplus);
};

/** The very grams each lot lost go back into it, and its loss is drawn anew; the own lot bears its part of it. */
const redrawLosses = async (
  projection: Projection,
  seq: number,
  lotId: string,
  { lossGrams, lots }: Redrawn,
): Promise<void> => {
  await returnLosses(
    projection,
    seq,
    lots.map((lot) => ({ ...lot, grams: lot.returnedGrams, takenBy: lot.drawnSeq })),
  );
  const losing = [...lots, { lotId, lossGrams }].map((lot) => ({ ...lot, bookedGrams: 0 }));
  await loseFromLots(projection, seq, losing, SHORTAGE);
};

/** What a count had counted already: the surplus it is taken off, and what is on hold until decided. */
const useUpCount = async (projection: Projection, { seq, data }: AnyFact): Promise<void> => {
  const { lotId, grossGrams, tareGrams, count } = data as CollectionData;
  const { surplus, shortage, case: question } = count!;
  if (surplus !== undefined) {
    const taken = { lotId: surplus.lotId, bookedGrams: surplus.grams, lossGrams: surplus.grams };
    await loseFromLots(projection, seq, [taken], 'taken-over');
  }
  if (shortage !== undefined) await redrawLosses(projection, seq, lotId, shortage);
  if (question === undefined) return;
  const grams = grossGrams - tareGrams - lostToCount(count);
  const held = [{ lotId, bookedGrams: grams, lossGrams: 0 }];
  await holdLots(projection, seq, held, grams - question.grams);
};

export const collectionReaders: Readers = {
  'collection.recorded.v1': async (projection, fact) => {
    addCollection(projection, fact);
    await addMarks(projection, fact, 'collection', fact.data.lotId);
    if (fact.data.count !== undefined) await useUpCount(projection, fact);
  },
  'collection.corrected.v1': correct,
  'collection.named.v1': (projection, { private: more, people: [named] }) =>
    projection.addParty(sourceKey(more.seq, 0), named?.personId ?? null),
  'collection.voided.v1': (projection, { seq, data }) =>
    changeOwnLot(projection, seq, data.lotId, data.loweredGrams === 0 ? 0 : -data.loweredGrams, () => ({
      payGrams: 0,
    })),
};
