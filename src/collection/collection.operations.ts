import type { z } from 'zod';
import { fillable } from '../containers/containers.ts';
import { cellOf } from '../kernel/geo.ts';
import { NIL } from '../kernel/ids.ts';
import { dayIn, monthIn } from '../kernel/time.ts';
import type { Money } from '../kernel/values.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { people } from '../ledger/tables.ts';
import type { Wanted } from '../ledger/world.ts';
import { reachableSite } from '../registry/access.ts';
import { collectors, devices, organisations, sites, vessels } from '../registry/registry.tables.ts';
import { tariffSchedules } from '../tariffs/tariffs.tables.ts';
import { taxSchedules } from '../taxes/taxes.tables.ts';
import { collectionRecorded } from './collection.facts.ts';
import { personParts, place, privatePart, slipNoOf } from './collection.parts.ts';
import type { CollectionRequest } from './collection.schema.ts';
import { claimableGrams, marksOf, momentOf, weigh } from './collection.ts';
import { type EarningPart, earn } from './earning.ts';
import { type LateCount, lateCount, lostToCount } from './late-count.ts';
import { deviceOf, signedObject, signingKey } from './signed-object.ts';
import { doubtfulTwin } from './slips.ts';

/** What a late weigh-in used up of a count that had counted it already. */
const lateCountAnswer = ({ countId, surplus, shortage, case: question }: LateCount) => ({
  countId,
  takenOverGrams: surplus?.grams ?? 0,
  ...(shortage === undefined ? {} : { lossGrams: shortage.lossGrams }),
  ...(question === undefined ? {} : { caseId: question.caseId, grams: question.grams }),
});

/** How much of an earning is owed provisionally; left out where nothing is. */
export const waitingAnswer = ({ earning, earned = [] }: Partial<EarningPart>) => {
  const amount = earned.reduce((sum, { waits }) => sum + waits, 0);
  return amount === 0 ? {} : { provisional: { amount, currency: earning!.currency } };
};

/** What is withheld of an earning, and what is left of it, for all who brought it; left out where nothing is. */
export const taxAnswer = ({ earning, tax }: Partial<EarningPart>) => {
  if (tax === undefined) return {};
  const vat = tax.reduce((sum, change) => sum + change.vat, 0);
  const incomeTax = tax.reduce((sum, change) => sum + change.incomeTax + change.flat, 0);
  return { tax: { vat, incomeTax, net: earning!.amount - vat - incomeTax } };
};

export type CollectionAnswer = {
  id: string;
  lot: { id: string; grams: number; claimableGrams: number };
  payGrams: number;
  marks: string[];
  earning?: z.infer<typeof Money>;
  provisional?: z.infer<typeof Money>;
  tax?: { vat: number; incomeTax: number; net: number };
  count?: ReturnType<typeof lateCountAnswer>;
};

export type CollectionOperations = { recordCollection: Operation<CollectionRequest, CollectionAnswer> };

/** Who may weigh in. */
export const WEIGHERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

/**
 * @param keyring makes a key for a person nobody registered yet
 * @param programme whose time zone days are told in, and whose operator stands for natural persons
 */
export const collectionOperations = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): CollectionOperations => ({
  recordCollection: {
    name: 'collection.record',
    roles: WEIGHERS,
    status: 201,
    decide(world, input, context) {
      world.needAll(readBy(input, context));
      const site = reachableSite(world, context.caller, input.siteId);
      const weights = weigh(input);
      const named = personParts(world, keyring, input);
      const device = deviceOf(world, context.caller, input);
      const signed = signedObject(input, named.parts);
      // A person whose seal the device did not sign could have been put in by anyone.
      const allSealed = named.parts.every(({ salt }) => salt !== undefined);
      const deviceKey =
        signed &&
        (allSealed
          ? signingKey(signed.object, device, input.attestation!.signature, input.collectedAt)
          : null);
      const container =
        input.containerId === undefined ? undefined : fillable(world, site.id, input.containerId);
      const unresolved =
        named.unresolved ||
        device === null ||
        container === null ||
        (input.vesselId !== undefined && world.get(vessels, input.vesselId) === undefined);
      const moment = momentOf(input.collectedAt, context.now);
      const day = dayIn(programme.timeZone, moment);
      const marks = marksOf(input, {
        now: context.now,
        site,
        device: device ?? undefined,
        unresolved,
        doubtfulTwin: doubtfulTwin(world, {
          siteId: site.id,
          day,
          slipNo: slipNoOf(input),
          bagTag: input.bagTag,
          fromPaper: input.paper !== undefined,
          material: input.material,
          form: input.form,
          ...weights,
        }),
        attested: signed && deviceKey !== null,
        grossGrams: weights.grossGrams,
      });
      const { grossGrams, tareGrams, deductionGrams, payGrams } = weights;
      const { siteId, material, form, originClass, count } = input;
      const earning = earn(
        world,
        keyring,
        input,
        {
          ...{ siteId, material, form, originClass, day, payGrams, count, at: moment, now: context.now },
          ...{ counted: count !== undefined, collectionId: context.id, operatorId: programme.operatorId },
          month: monthIn(programme.timeZone, context.now),
        },
        named.parties,
        marks,
      );
      const claimable = claimableGrams(input, weights, marks);
      const late = lateCount(world, site, input, weights.grams, context.newId);
      const actor = world.get(organisations, context.caller.organisationId)?.naturalPerson
        ? programme.operatorId
        : undefined;
      return draft({
        type: collectionRecorded,
        ...(actor === undefined ? {} : { actor }),
        data: {
          lotId: context.newId(),
          siteId: site.id,
          day,
          cell: input.location === undefined ? site.cell : cellOf(input.location),
          material: input.material,
          form: input.form,
          originClass: input.originClass,
          originEvidence: input.originEvidence ?? 'declared',
          basis: input.basis,
          grossGrams,
          tareGrams,
          deductionGrams,
          payGrams,
          claimableGrams: claimable,
          marks,
          ...(container == null ? {} : { container: container.fillingId ?? context.newId() }),
          ...(late === undefined ? {} : { count: late }),
        },
        private: {
          ...privatePart(input, context),
          ...earning,
          ...(deviceKey == null || deviceKey === 0 ? {} : { deviceKey }),
          ...(signed === undefined
            ? {}
            : { attestation: { signed: signed.object, signature: input.attestation!.signature } }),
          ...(named.parts.length === 0 ? place(input) : {}),
          ...(late?.case === undefined
            ? {}
            : { organisationIds: [...new Set([site.organisationId, context.caller.organisationId])] }),
        },
        people: named.parts,
      });
    },
    answer({ data, private: more }) {
      return {
        id: more.id,
        lot: {
          id: data.lotId,
          grams: data.grossGrams - data.tareGrams - lostToCount(data.count),
          claimableGrams: data.claimableGrams,
        },
        payGrams: data.payGrams,
        marks: data.marks,
        ...(more.earning === undefined ? {} : { earning: more.earning }),
        ...waitingAnswer(more),
        ...taxAnswer(more),
        ...(data.count === undefined ? {} : { count: lateCountAnswer(data.count) }),
      };
    },
  },
});

/** What every weigh-in reads, so that a cold one asks for it in one round. */
const readBy = (
  { siteId, parties, collectorId, attestation, deviceId }: CollectionRequest,
  { caller }: DecideContext,
): Wanted[] => {
  const named =
    parties?.map((party) => party.collectorId) ?? (collectorId === undefined ? [] : [collectorId]);
  const device = attestation?.deviceId ?? deviceId;
  return [
    [sites, [siteId]],
    [collectors, named],
    [people, named],
    [devices, device === undefined ? [] : [device]],
    [organisations, [caller.organisationId]],
    [tariffSchedules, [NIL]],
    [taxSchedules, [NIL]],
  ];
};
