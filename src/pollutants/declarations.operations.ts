import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type Caller, type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { sites, vessels } from '../registry/registry.tables.ts';
import {
  callAccepted,
  callCancelled,
  callReassigned,
  callRefused,
  pollutantsDeclared,
} from './declarations.facts.ts';
import type { AcceptRequest, DeclarationRequest, ReasonRequest } from './declarations.schema.ts';
import { type Declaration, declarations } from './declarations.tables.ts';
import { assertDistinct, POLLUTANT_DEFAULTS } from './pollutants.ts';

/** Who may call for a vessel: its boat or fleet, the station it lies at, the operator's dispatcher. */
export const CALLERS = ['operator', 'station', 'warehouse', 'carrier'] as const;
/** Who receives pollutants, and answers calls. */
export const RECEIVERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

export type Programme = { timeZone: string; operatorId: string };
export type DeclarationAnswer = { id: string; state: string; answerDueAt: string };
export type ChangeAnswer = { id: string; state: string };
type Named<Input> = Input & { declarationId: string };

const HOUR = 3_600_000;

/** 422 `unknown_vessel` for an id that names none. */
export const assertVessel = (world: World, id: string | undefined, pointer: string): void => {
  if (id !== undefined && world.get(vessels, id) === undefined)
    throw unprocessable('unknown_vessel', pointer, 'no such vessel; register it, or say vesselNumber');
};

const assertCall = (world: World, input: DeclarationRequest): void => {
  if (input.vesselId === undefined && input.vesselNumber === undefined)
    throw unprocessable('no_vessel', '/vesselId', 'say vesselId, or vesselNumber as it is painted');
  assertVessel(world, input.vesselId, '/vesselId');
  assertDistinct(input.items, '/items');
  for (const [i, { grams, millilitres, count }] of input.items.entries())
    if (grams === undefined && millilitres === undefined && count === undefined)
      throw unprocessable('no_amount', `/items/${i}`, 'say grams, millilitres or count, as far as known');
  if (Date.parse(input.wantedUntil) <= Date.parse(input.wantedFrom))
    throw unprocessable('no_window', '/wantedUntil', 'must be later than wantedFrom');
};

/** The declaration in the path, as whoever is asked sees it: 404 for anybody else. */
const asked = (world: World, caller: Caller, id: string): Declaration => {
  const call = world.get(declarations, id);
  if (call === undefined || !mayReach(caller, call.siteOrganisationId, call.siteId))
    throw notFound('declaration');
  return call;
};

/** 409 `declaration_closed` unless it is in one of the states; the answer names the one it is in. */
const assertIn = (call: Declaration, states: readonly Declaration['state'][]): void => {
  if (!states.includes(call.state))
    throw conflict('declaration_closed', `The declaration is ${call.state} already.`, {
      id: call.id,
      state: call.state,
      siteId: call.siteId,
      receptionId: call.receptionId,
    });
};

const changeAnswer = (state: string) => (fact: { private: { declarationId: string } }) => ({
  id: fact.private.declarationId,
  state,
});

/** A call is open to whoever is asked until it is received, refused or cancelled, also when it is unanswered: late is better than never. */
const accepting = (
  programme: Programme,
  how: { name: string; type: typeof callAccepted; from: Declaration['state'] },
): Operation<Named<AcceptRequest>, ChangeAnswer> => ({
  name: how.name,
  roles: RECEIVERS,
  status: 201,
  decide(world, input, { caller, now }) {
    const call = asked(world, caller, input.declarationId);
    assertIn(call, [how.from]);
    const site =
      input.siteId === undefined
        ? world.get(sites, call.siteId)!
        : reachableSite(world, caller, input.siteId);
    assertVessel(world, input.boatId, '/boatId');
    return draft({
      type: how.type,
      ...actorOf(world, caller, programme),
      data: { siteId: site.id, day: dayIn(programme.timeZone, now) },
      private: {
        ...named(call, caller),
        eta: input.eta,
        ...(input.boatId === undefined ? {} : { boatId: input.boatId }),
      },
    });
  },
  answer: changeAnswer('accepted'),
});

const named = (call: Declaration, { keyId }: Caller) => ({
  keyId,
  declarationId: call.id,
  seq: call.lastSeq,
});

const declaring = (programme: Programme): Operation<DeclarationRequest, DeclarationAnswer> => ({
  name: 'pollutants.declare',
  roles: CALLERS,
  status: 201,
  decide(world, input, { caller, id, now }: DecideContext) {
    const site = world.get(sites, input.siteId);
    if (site === undefined)
      throw unprocessable('unknown_site', '/siteId', 'no such site; name the warehouse or station you ask');
    assertCall(world, input);
    const { siteId, id: _, ...call } = input;
    const due = Math.min(Date.parse(input.wantedUntil), now + POLLUTANT_DEFAULTS.answerHours * HOUR);
    return draft({
      type: pollutantsDeclared,
      ...actorOf(world, caller, programme),
      data: { siteId, day: dayIn(programme.timeZone, now) },
      private: {
        id,
        keyId: caller.keyId,
        organisationId: caller.organisationId,
        ...call,
        answerDueAt: new Date(due).toISOString(),
        defaults: POLLUTANT_DEFAULTS.version,
      },
    });
  },
  answer: ({ private: { id, answerDueAt } }) => ({ id, state: 'declared', answerDueAt }),
});

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const declarationOperations = (programme: Programme) => ({
  declare: declaring(programme),
  accept: accepting(programme, { name: 'pollutant-call.accept', type: callAccepted, from: 'declared' }),
  reassign: accepting(programme, {
    name: 'pollutant-call.reassign',
    type: callReassigned,
    from: 'accepted',
  }),
  refuse: {
    name: 'pollutant-call.refuse',
    roles: RECEIVERS,
    status: 201,
    decide(world, { declarationId, reason }, { caller, now }) {
      const call = asked(world, caller, declarationId);
      assertIn(call, ['declared', 'accepted']);
      return draft({
        type: callRefused,
        ...actorOf(world, caller, programme),
        data: { siteId: call.siteId, day: dayIn(programme.timeZone, now) },
        private: { ...named(call, caller), reason },
      });
    },
    answer: changeAnswer('refused'),
  } satisfies Operation<Named<ReasonRequest>, ChangeAnswer>,
  cancel: {
    name: 'pollutant-call.cancel',
    roles: CALLERS,
    status: 201,
    decide(world, { declarationId, reason }, { caller, now }) {
      const call = world.get(declarations, declarationId);
      if (call === undefined || !mayReach(caller, call.organisationId, null)) throw notFound('declaration');
      assertIn(call, ['declared', 'accepted']);
      return draft({
        type: callCancelled,
        ...actorOf(world, caller, programme),
        data: { siteId: call.siteId, day: dayIn(programme.timeZone, now) },
        private: { ...named(call, caller), reason },
      });
    },
    answer: changeAnswer('cancelled'),
  } satisfies Operation<Named<ReasonRequest>, ChangeAnswer>,
});
