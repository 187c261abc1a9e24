import { z } from 'zod';
import { Grams, Id, note, Seq } from '../kernel/values.ts';
import { DISPUTE_ABOUT, SPOKEN_WAYS } from '../kernel/vocabulary.ts';
import type { FactType } from '../ledger/fact.ts';
import { SiteAndDay } from '../registry/site-and-day.ts';
import { disputedWeighIns, disputes } from '../supervision/disputes.tables.ts';
import { openCase } from '../supervision/open-case.ts';

const Disputed = z.strictObject({
  keyId: Id,
  caseId: Id,
  collectionId: Id,
  lotId: Id,
  /** The last fact that changed the weigh-in; sealed, since it would tie two facts of one person. */
  weighInSeq: Seq,
  party: z.int().min(0).optional(),
  about: z.enum(DISPUTE_ABOUT),
  claimedGrams: Grams.optional(),
  /** By how much the claim differs from what is booked. */
  differenceGrams: Grams,
  way: z.enum(SPOKEN_WAYS),
  /** Milliseconds since 1970. */
  dueAt: z.int(),
  /** Those who profit, and may not answer. */
  organisationIds: z.array(Id),
  /** Here when nobody is named; else in the person's part. */
  note: note(2_000).optional(),
});

export const collectionDisputed: FactType<SiteAndDay, z.infer<typeof Disputed>> = {
  type: 'collection.disputed.v1',
  title: { en: 'Weigh-in disputed by its collector', zh: '收集员提出异议' },
  data: SiteAndDay,
  private: Disputed,
  person: z.strictObject({ personId: Id, note: note(2_000).optional() }),
  grams: 'None move; a correction may follow when it is upheld.',
  fen: 'None; what is owed stays owed.',
  backPointers: [],
  apply(world, { seq, at, data, private: more }) {
    const { caseId, lotId, collectionId, party = null, about, claimedGrams = null, way, dueAt } = more;
    openCase(world, {
      id: caseId,
      seq,
      kind: 'dispute',
      subjectId: lotId,
      organisationIds: more.organisationIds,
      siteIds: [data.siteId],
      lotIds: [],
      measuredGrams: 0,
      grams: more.differenceGrams,
      dueAt,
    });
    world.put(disputes, {
      caseId,
      seq,
      at,
      dueAt,
      lotId,
      collectionId,
      siteId: data.siteId,
      party,
      about,
      claimedGrams,
      way,
      outcome: null,
      answeredSeq: null,
      answeredAt: null,
    });
    world.get(disputedWeighIns, lotId);
    world.put(disputedWeighIns, { lotId, caseId });
  },
};

export const disputeFacts = [collectionDisputed];
