import { conflict } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { actorOf } from '../registry/actor.ts';
import { apiKeys } from '../registry/registry.tables.ts';
import { cases } from '../supervision/cases.tables.ts';
import { disputedWeighIns } from '../supervision/disputes.tables.ts';
import { WEIGHERS } from './collection.operations.ts';
import { type Now, type Original, weighInFound } from './corrections.operations.ts';
import { collectionDisputed } from './disputes.facts.ts';
import type { LinkDispute } from './disputes.schema.ts';
import { actorThrough, partOf, speakerOf, type Voice } from './voice.ts';

export type DisputeInput = LinkDispute & { original: Original; voice: Voice };
export type DisputeAnswer = { id: string; collectionId: string; about: string; way: string; dueAt: string };

/** Domain, rule 5: a dispute is answered within 7 days. */
const ANSWER_MS = 7 * 86_400_000;

const wayOf = (voice: Voice) => {
  if (voice.by === 'link') return 'sms';
  if (voice.by === 'passbook') return voice.card === null ? 'sms' : 'pin';
  if (voice.by === 'station') return 'on-behalf';
  return voice.withPin ? 'pin' : 'card';
};

/** By how much what is claimed differs from what is booked; 0 where no grams are claimed. */
const differenceGrams = ({ about, claimedGrams }: LinkDispute, now: Now): number => {
  if (claimedGrams === undefined) return 0;
  const booked = about === 'deduction' ? now.deductionGrams : now.grossGrams - now.tareGrams;
  return Math.abs(claimedGrams - booked);
};

const refuseSecond = (world: World, lotId: string): void => {
  const before = world.get(disputedWeighIns, lotId);
  if (before === undefined) return;
  const question = world.get(cases, before.caseId)!;
  if (question.state !== 'decided')
    throw conflict('dispute_open', 'A dispute of this weigh-in waits for its answer.', {
      caseId: question.id,
      seq: question.seq,
    });
};

/**
 * A weigh-in in dispute: a case that somebody else answers within seven days. It moves neither grams nor money.
 *
 * @param programme whose time zone days are told in, and whose operator stands for natural persons
 */
export const disputeOperation = (programme: {
  timeZone: string;
  operatorId: string;
}): Operation<DisputeInput, DisputeAnswer> => ({
  name: 'collection.dispute',
  roles: [...WEIGHERS, 'programme'],
  status: 201,
  decide(world, { original: fact, voice, about, claimedGrams, note }, context) {
    const { original, now, lot, site, changed } = weighInFound(world, context.caller, fact);
    const speaker = speakerOf(world, original, voice, context);
    refuseSecond(world, lot.id);
    const recorder = world.get(apiKeys, original.private.keyId)!.organisationId;
    const { party, personId } = speaker;
    const saidBy = note === undefined ? {} : { note };
    return draft({
      type: collectionDisputed,
      ...actorOf(world, context.caller, programme),
      ...actorThrough(voice, programme),
      data: { siteId: site.id, day: dayIn(programme.timeZone, context.now) },
      private: {
        keyId: context.caller.keyId,
        caseId: context.id,
        collectionId: now.collectionId,
        lotId: lot.id,
        weighInSeq: changed?.lastSeq ?? original.seq,
        ...(party === null ? {} : { party }),
        about,
        ...(claimedGrams === undefined ? {} : { claimedGrams }),
        differenceGrams: differenceGrams({ about, claimedGrams }, now),
        way: wayOf(voice),
        dueAt: context.now + ANSWER_MS,
        organisationIds: [...new Set([site.organisationId, recorder, lot.organisationId])],
        ...(personId === null ? saidBy : {}),
      },
      people: partOf(speaker, saidBy),
    });
  },
  answer: ({ private: more }) => ({
    id: more.caseId,
    collectionId: more.collectionId,
    about: more.about,
    way: more.way,
    dueAt: new Date(more.dueAt).toISOString(),
  }),
});
