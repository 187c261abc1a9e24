import { z } from 'zod';
import { Day, Id, note, Position, Seq, Time, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { sites } from '../registry/registry.tables.ts';
import { type Declaration, declarations } from './declarations.tables.ts';

/**
 * A call by a vessel and what was said to it concern whoever owns the vessel: the public part shows type, site and day,
 * and no two of these facts share anything else (ledger format, "What is open").
 */
const AtSite = z.strictObject({ siteId: Id, day: Day });
type AtSite = z.infer<typeof AtSite>;

const DeclaredPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  organisationId: Id,
  vesselId: Id.optional(),
  vesselNumber: text(80).optional(),
  items: z.array(
    z.strictObject({
      material: z.string(),
      grams: z.int().optional(),
      millilitres: z.int().optional(),
      count: z.int().optional(),
    }),
  ),
  position: Position.optional(),
  port: text(120).optional(),
  wantedFrom: Time,
  wantedUntil: Time,
  answerDueAt: Time,
  /** Of the defaults it was reckoned with. */
  defaults: z.string(),
  note: note(2_000).optional(),
});

const none = { grams: 'none', fen: 'none' } as const;

export const pollutantsDeclared: FactType<AtSite, z.infer<typeof DeclaredPrivate>> = {
  type: 'pollutants.declared.v1',
  title: { en: 'Pollutants declared by a vessel', zh: '船舶申报污染物' },
  data: AtSite,
  private: DeclaredPrivate,
  ...none,
  backPointers: [],
  apply(world, { seq, data, private: { keyId: _, defaults: __, ...call } }) {
    world.put(declarations, {
      ...call,
      seq,
      lastSeq: seq,
      siteId: data.siteId,
      siteOrganisationId: world.get(sites, data.siteId)!.organisationId,
      vesselId: call.vesselId ?? null,
      vesselNumber: call.vesselNumber ?? null,
      position: call.position ?? null,
      port: call.port ?? null,
      note: call.note ?? null,
      state: 'declared',
      boatId: null,
      eta: null,
      reason: null,
      receptionId: null,
    });
  },
};

/** The declaration and the last fact that changed it: in the private part, for it is common to one vessel's facts. */
export const NamedDeclaration = z.strictObject({ declarationId: Id, seq: Seq });
const named = { keyId: Id, ...NamedDeclaration.shape };

export const changeDeclaration = (
  world: World,
  seq: number,
  declarationId: string,
  change: Partial<Declaration>,
): void => {
  world.put(declarations, { ...world.get(declarations, declarationId)!, ...change, lastSeq: seq });
};

const Accepted = z.strictObject({ ...named, boatId: Id.optional(), eta: Time });

const accepting = (type: string, title: FactType['title']): FactType<AtSite, z.infer<typeof Accepted>> => ({
  type,
  title,
  data: AtSite,
  private: Accepted,
  ...none,
  backPointers: [],
  apply(world, { seq, data: { siteId }, private: { declarationId, boatId = null, eta } }) {
    const siteOrganisationId = world.get(sites, siteId)!.organisationId;
    changeDeclaration(world, seq, declarationId, {
      state: 'accepted',
      siteId,
      siteOrganisationId,
      boatId,
      eta,
    });
  },
});
export const callAccepted = accepting('pollutant-call.accepted.v1', {
  en: 'Vessel’s call accepted',
  zh: '接受船舶呼叫',
});
export const callReassigned = accepting('pollutant-call.reassigned.v1', {
  en: 'Vessel’s call given to another boat or site',
  zh: '船舶呼叫改派',
});

const Ended = z.strictObject({ ...named, reason: note(2_000) });
const ending = (
  type: string,
  title: FactType['title'],
  state: 'refused' | 'cancelled',
): FactType<AtSite, z.infer<typeof Ended>> => ({
  type,
  title,
  data: AtSite,
  private: Ended,
  ...none,
  backPointers: [],
  apply(world, { seq, private: { declarationId, reason } }) {
    changeDeclaration(world, seq, declarationId, { state, reason });
  },
});
export const callRefused = ending(
  'pollutant-call.refused.v1',
  { en: 'Vessel’s call refused', zh: '拒绝船舶呼叫' },
  'refused',
);
export const callCancelled = ending(
  'pollutant-call.cancelled.v1',
  { en: 'Vessel’s call cancelled', zh: '船舶呼叫取消' },
  'cancelled',
);

export const declarationFacts = [
  pollutantsDeclared,
  callAccepted,
  callReassigned,
  callRefused,
  callCancelled,
];
