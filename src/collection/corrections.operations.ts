import type { z } from 'zod';
import type { AccountIds } from '../accounts/book.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { type AnyFact, type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Lot, lots } from '../lots/lots.tables.ts';
import { lotWeighings } from '../lots/weighings.tables.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { type Site, sites } from '../registry/registry.tables.ts';
import { disputes } from '../supervision/disputes.tables.ts';
import { type CollectionData, collectionRecorded } from './collection.facts.ts';
import { WEIGHERS } from './collection.operations.ts';
import type { CollectionRequest } from './collection.schema.ts';
import { claimableGrams, weigh } from './collection.ts';
import { collectionCorrected, collectionVoided } from './corrections.facts.ts';
import type {
  CorrectionAnswer as AnswerShape,
  CorrectionRequest,
  VoidRequest,
} from './corrections.schema.ts';
import { type WeighIn, weighIns } from './corrections.tables.ts';
import { settleCorrection } from './corrections.ts';
import { type EarnedSince, earnAnew } from './re-earning.ts';

/** What a change of a weigh-in is prepared with, read before the door. */
export type Prepared = { original: Original; since: EarnedSince };

/** The weigh-in's own fact, read before the door: it never changes. null: the id in the path is none. */
export type Original = AnyFact | null;
type CorrectionAnswer = Omit<z.infer<typeof AnswerShape>, 'receipt'>;
export type VoidAnswer = { id: string; lot: { id: string; loweredGrams: number }; payGrams: 0 };

/** What a weigh-in is by now. */
export type Now = Omit<WeighIn, 'state' | 'lastSeq' | 'seq'>;

export const asRecorded = ({ data, private: more }: AnyFact): Now => {
  const { lotId, grossGrams, tareGrams, deductionGrams, payGrams, originClass, originEvidence } = data;
  return {
    lotId,
    collectionId: more.id,
    grossGrams,
    tareGrams,
    deductions: more.deductions ?? [],
    deductionGrams,
    payGrams,
    claimableGrams: data.claimableGrams,
    count: more.count ?? null,
    originClass,
    originEvidence,
    bookedGrams: grossGrams - tareGrams,
    deficitGrams: 0,
    earning: more.earning ?? null,
    earned: more.earned ?? [],
  };
};

type Found = { original: AnyFact; now: Now; lot: Lot; site: Site; changed: WeighIn | undefined };

/** The weigh-in in the path as it is by now, voided or not. 404 for none, or another's. */
export const weighInFound = (world: World, caller: Caller, original: Original): Found => {
  if (original?.type !== collectionRecorded.type) throw notFound('weigh-in');
  const site = world.get(sites, original.data.siteId)!;
  if (!mayReach(caller, site.organisationId, site.id)) throw notFound('weigh-in');
  const changed = world.get(weighIns, original.data.lotId);
  const lot = world.get(lots, original.data.lotId)!;
  return { original, now: changed ?? asRecorded(original), lot, site, changed };
};

/** As `weighInFound`; 409 once it was voided. */
export const weighInAt = (world: World, caller: Caller, original: Original): Found => {
  const found = weighInFound(world, caller, original);
  if (found.changed?.state === 'voided')
    throw conflict('already_voided', 'This weigh-in was voided.', {
      id: found.changed.collectionId,
      seq: found.changed.lastSeq,
    });
  return found;
};

/** What a correction follows from: an upheld dispute of this weigh-in, a second weighing of its lot. */
const assertGrounds = (
  world: World,
  lotId: string,
  { disputeId, weighingId }: Pick<CorrectionRequest, 'disputeId' | 'weighingId'>,
): void => {
  const dispute = disputeId === undefined ? undefined : world.get(disputes, disputeId);
  if (disputeId !== undefined && dispute?.lotId !== lotId)
    throw unprocessable('unknown_dispute', '/disputeId', 'no such dispute of this weigh-in');
  if (dispute !== undefined && dispute.outcome !== 'upheld')
    throw conflict('dispute_not_upheld', 'This dispute was not upheld.', {
      disputeId: dispute.caseId,
      outcome: dispute.outcome,
    });
  if (weighingId !== undefined && world.get(lotWeighings, weighingId)?.lotId !== lotId)
    throw unprocessable('unknown_weighing', '/weighingId', 'no such weighing of the lot of this weigh-in');
};

/** The weigh-in as it would be recorded with the changes. */
const requestOf = (original: AnyFact, now: Now, change: CorrectionRequest): CollectionRequest => {
  const { siteId, material, form, basis } = original.data as CollectionData;
  const { grossGrams, tareGrams, deductions, originClass, originEvidence } = { ...now, ...change };
  const count = change.count ?? now.count ?? undefined;
  // What is counted has its grams from the count.
  const gross = basis === 'counted' && change.grossGrams === undefined ? {} : { grossGrams };
  return {
    siteId,
    material,
    form,
    basis,
    ...gross,
    tareGrams,
    deductions,
    originClass,
    originEvidence,
    collectedAt: '',
    ...(count === undefined ? {} : { count }),
  } as CollectionRequest;
};

/**
 * @param keyring names the accounts
 * @param programme whose operator stands for natural persons
 */
export const correctionOperations = (
  keyring: AccountIds,
  programme: { operatorId: string },
): {
  correctCollection: Operation<CorrectionRequest & Prepared, CorrectionAnswer>;
  voidCollection: Operation<VoidRequest & Prepared, VoidAnswer>;
} => ({
  correctCollection: {
    name: 'collection.correct',
    roles: WEIGHERS,
    status: 201,
    decide(
      world,
      { original: fact, since, id: _, reason, disputeId, weighingId, ...change },
      { caller, newId },
    ) {
      const { original, now, lot, site } = weighInAt(world, caller, fact);
      assertGrounds(world, lot.id, { disputeId, weighingId });
      const request = requestOf(original, now, { ...change, reason });
      const weights = weigh(request);
      const { originClass, originEvidence = 'declared', count } = request;
      const unchanged =
        weights.grossGrams === now.grossGrams &&
        weights.tareGrams === now.tareGrams &&
        JSON.stringify(request.deductions) === JSON.stringify(now.deductions) &&
        originClass === now.originClass &&
        originEvidence === now.originEvidence;
      if (unchanged) throw unprocessable('no_change', '/', 'the weigh-in says so already');
      const standing = { lotGrams: lot.grams, bookedGrams: now.bookedGrams, deficitGrams: now.deficitGrams };
      const { surplusGrams, ...settled } = settleCorrection(standing, weights.grams);
      const newDeficit = settled.deficitGrams - now.deficitGrams;
      const to = { payGrams: weights.payGrams, count, originClass };
      const { earning, earned, tax, book } = earnAnew(world, keyring, original, now, to, since);
      const { material, form, marks } = original.data as CollectionData;
      return draft({
        type: collectionCorrected,
        ...actorOf(world, caller, programme),
        data: {
          lotId: lot.id,
          seq: lot.lastSeq,
          siteId: site.id,
          originClass,
          originEvidence,
          grossGrams: weights.grossGrams,
          tareGrams: weights.tareGrams,
          deductionGrams: weights.deductionGrams,
          payGrams: weights.payGrams,
          claimableGrams: claimableGrams(request, weights, marks),
          ...settled,
          ...(surplusGrams === 0 ? {} : { surplus: { lotId: newId(), material, form, grams: surplusGrams } }),
          ...(newDeficit <= 0 ? {} : { case: { caseId: newId(), grams: newDeficit } }),
        },
        private: {
          id: now.collectionId,
          keyId: caller.keyId,
          deductions: request.deductions ?? [],
          ...(count === undefined ? {} : { count }),
          ...(earning === undefined ? {} : { earning }),
          ...(earned.length === 0 ? {} : { earned }),
          ...(tax === undefined ? {} : { tax }),
          ...(book === undefined ? {} : { book }),
          ...(now.earning === null ? {} : { earningBefore: now.earning }),
          ...(newDeficit <= 0
            ? {}
            : {
                organisationIds: [
                  ...new Set([site.organisationId, lot.organisationId, caller.organisationId]),
                ],
              }),
          reason,
          ...(disputeId === undefined ? {} : { disputeId }),
          ...(weighingId === undefined ? {} : { weighingId }),
        },
      });
    },
    answer: ({ data, private: more }) => ({
      id: more.id,
      lot: { id: data.lotId, grams: data.bookedGrams, claimableGrams: data.claimableGrams },
      payGrams: data.payGrams,
      ...(more.earning === undefined ? {} : { earning: more.earning }),
      deficitGrams: data.deficitGrams,
      ...(data.surplus === undefined ? {} : { surplusLotId: data.surplus.lotId }),
      ...(data.case === undefined ? {} : { caseId: data.case.caseId }),
    }),
  },
  voidCollection: {
    name: 'collection.void',
    roles: WEIGHERS,
    status: 201,
    decide(world, { original: fact, since, reason }, { caller }) {
      const { original, now, lot, site } = weighInAt(world, caller, fact);
      const { collectionId, earning, count, ...stood } = now;
      const { earned, tax, book } = earnAnew(world, keyring, original, now, 'nothing', since);
      return draft({
        type: collectionVoided,
        ...actorOf(world, caller, programme),
        data: {
          lotId: lot.id,
          seq: lot.lastSeq,
          siteId: site.id,
          loweredGrams: lot.grams === now.bookedGrams ? lot.grams : 0,
        },
        private: {
          id: collectionId,
          keyId: caller.keyId,
          ...(earning === null ? {} : { earningBefore: earning }),
          ...(earned.length === 0 ? {} : { earned }),
          ...(tax === undefined ? {} : { tax }),
          ...(book === undefined ? {} : { book }),
          reason,
          stood: { ...asStood(stood), ...(count === null ? {} : { count }) },
        },
      });
    },
    answer: ({ data, private: more }) => ({
      id: more.id,
      lot: { id: data.lotId, loweredGrams: data.loweredGrams },
      payGrams: 0,
    }),
  },
});

/** A changed weigh-in's row holds more than its fact may say. */
const asStood = ({
  grossGrams,
  tareGrams,
  deductions,
  deductionGrams,
  originClass,
  originEvidence,
  bookedGrams,
  deficitGrams,
}: Omit<Now, 'collectionId' | 'earning' | 'count'>) => ({
  grossGrams,
  tareGrams,
  deductions: deductions as { kind: 'water'; grams: number; basis: 'sample' }[],
  deductionGrams,
  originClass,
  originEvidence,
  bookedGrams,
  deficitGrams,
});
