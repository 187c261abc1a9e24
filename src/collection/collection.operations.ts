import type { z } from 'zod';
import { fillable } from '../containers/containers.ts';
import { cellOf } from '../kernel/geo.ts';
import { sha256 } from '../kernel/hash.ts';
import { NIL } from '../kernel/ids.ts';
import { dayIn, monthIn } from '../kernel/time.ts';
import type { Money } from '../kernel/values.ts';
import { type Caller, type DecideContext, draft, type Operation, type PersonPart } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { seal } from '../ledger/sealing.ts';
import { people } from '../ledger/tables.ts';
import type { Wanted, World } from '../ledger/world.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import {
  collectors,
  type Device,
  devices,
  organisations,
  sites,
  vessels,
} from '../registry/registry.tables.ts';
import { tariffSchedules } from '../tariffs/tariffs.tables.ts';
import { taxSchedules } from '../taxes/taxes.tables.ts';
import { type AttestedObject, attested } from './attestation.ts';
import { collectionRecorded } from './collection.facts.ts';
import type { CollectionRequest } from './collection.schema.ts';
import { claimableGrams, GRAMS_PER_PIECE, gramsPerPiece, marksOf, momentOf, weigh } from './collection.ts';
import { type EarningPart, earn, type Party } from './earning.ts';
import { type LateCount, lateCount, lostToCount } from './late-count.ts';
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

const slipNoOf = ({ slipNo, paper }: CollectionRequest): string | undefined => paper?.slipNo ?? slipNo;

/** When, where, on what evidence and at which price: under each person's own seal, where there is one. */
const place = ({ collectedAt, location, evidence, quote, settlement }: CollectionRequest) => ({
  collectedAt,
  ...(location === undefined ? {} : { location }),
  ...(evidence === undefined ? {} : { evidence }),
  ...(quote === undefined ? {} : { quote }),
  ...(settlement === undefined ? {} : { settlement }),
});

const personParts = (
  world: World,
  keyring: Keyring,
  input: CollectionRequest,
): { parts: PersonPart[]; parties: Party[]; unresolved: boolean } => {
  const named: { collectorId: string; share?: number }[] =
    input.parties ?? (input.collectorId === undefined ? [] : [{ collectorId: input.collectorId }]);
  const parts: PersonPart[] = [];
  const parties: Party[] = [];
  let unresolved = named.length === 0;
  for (const [i, party] of named.entries()) {
    const collector = world.get(collectors, party.collectorId);
    const person = world.get(people, party.collectorId);
    if (collector?.state !== 'active') unresolved = true;
    // Whoever was erased stays erased: the weigh-in is kept, the name is not.
    const erased = collector?.state === 'erased' || (person !== undefined && person.wrappedKey === null);
    parties.push({
      personId: erased ? null : party.collectorId,
      share: party.share ?? 1,
      registered: !erased && collector !== undefined && collector.state !== 'unresolved',
    });
    if (erased) continue;
    if (person === undefined)
      world.put(people, {
        id: party.collectorId,
        wrappedKey: keyring.newPersonKey(),
        sealed: null,
        identityHash: null,
      });
    const salt = input.attestation?.salts[i];
    parts.push({
      personId: party.collectorId,
      part: { ...party, ...place(input) },
      ...(salt === undefined ? {} : { salt: Buffer.from(salt, 'hex') }),
    });
  }
  if (parties.length === 0) parties.push({ personId: null, share: 1, registered: false });
  return { parts, parties, unresolved };
};

/** undefined: none named. null: named, but unknown here. */
const deviceOf = (world: World, caller: Caller, input: CollectionRequest): Device | null | undefined => {
  const id = input.attestation?.deviceId ?? input.deviceId;
  if (id === undefined) return undefined;
  const device = world.get(devices, id);
  return device !== undefined && mayReach(caller, device.organisationId, device.siteId) ? device : null;
};

const signedObject = (
  input: CollectionRequest,
  parts: PersonPart[],
): { object: AttestedObject } | undefined => {
  const { attestation } = input;
  if (attestation === undefined) return undefined;
  const seals = parts.filter((p) => p.salt !== undefined).map((p) => seal(sha256, p.salt!, p.part).seal);
  const { siteId, material, form, originClass, basis, tareGrams, grossGrams, count, deductions } = input;
  return {
    object: {
      id: input.id!,
      siteId,
      deviceId: attestation.deviceId,
      counter: attestation.counter,
      material,
      form,
      originClass,
      basis,
      tareGrams,
      ...(grossGrams === undefined ? {} : { grossGrams }),
      ...(count === undefined ? {} : { count }),
      ...(deductions === undefined ? {} : { deductions }),
      ...(seals.length === 0 ? {} : { seals }),
    },
  };
};

/**
 * Which of the device's keys signed, counted from 0 in the order they were enrolled; null for none of them. A key that
 * was replaced signs for what was weighed before that, however late it arrives.
 */
const signingKey = (
  object: AttestedObject,
  device: Device | null | undefined,
  signature: string,
  collectedAt: string,
): number | null => {
  if (device?.publicKey == null) return null;
  const { publicKey, formerKeys } = device;
  if (attested(object, publicKey, signature)) return formerKeys.length;
  const former = formerKeys.findIndex(
    (key) => Date.parse(collectedAt) <= key.until && attested(object, key.publicKey, signature),
  );
  return former === -1 ? null : former;
};

const privatePart = (input: CollectionRequest, { id, caller }: DecideContext) => {
  const { bagTag, vesselId, containerId, funding, count, deductions } = input;
  const slipNo = slipNoOf(input);
  const writtenBy = input.paper?.writtenBy;
  const deviceId = input.attestation?.deviceId ?? input.deviceId;
  const each = input.basis === 'counted' ? gramsPerPiece(input) : undefined;
  return {
    id,
    keyId: caller.keyId,
    ...(bagTag === undefined ? {} : { bagTag }),
    ...(slipNo === undefined ? {} : { slipNo }),
    ...(input.paper === undefined ? {} : { paper: writtenBy === undefined ? {} : { writtenBy } }),
    ...(vesselId === undefined ? {} : { vesselId }),
    ...(containerId === undefined ? {} : { containerId }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(input.attestation === undefined ? {} : { counter: input.attestation.counter }),
    ...(funding === undefined ? {} : { funding }),
    ...(count === undefined ? {} : { count }),
    ...(deductions === undefined ? {} : { deductions }),
    ...(each === undefined ? {} : { gramsPerPiece: { version: GRAMS_PER_PIECE.version, grams: each } }),
  };
};
