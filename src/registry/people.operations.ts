import { conflict, type DomainError, forbidden, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type AnyFact, type Caller, type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { people } from '../ledger/tables.ts';
import type { World } from '../ledger/world.ts';
import { mayReach, reachableSite } from './access.ts';
import { actorOf } from './actor.ts';
import { forgetCard } from './cards.tables.ts';
import * as facts from './people.facts.ts';
import {
  claimIdentity,
  mergeParticulars,
  openParticulars,
  releaseIdentity,
  sealParticulars,
} from './people.particulars.ts';
import type { CollectorChange, CollectorRequest, ConsentRequest, ErasureQuery } from './people.schema.ts';
import { type Collector, collectors } from './registry.tables.ts';

/** `id` is null when a repeat is answered after an erasure: what was erased stays erased. */
export type CollectorAnswer = { id: string | null };

/** Who may register people and change what is kept of them. */
export const KEEPERS = ['operator', 'station'] as const;

type Named = { collectorId: string };

export type PeopleOperations = {
  register: Operation<CollectorRequest, CollectorAnswer>;
  change: Operation<CollectorChange & Named, CollectorAnswer>;
  close: Operation<Named, CollectorAnswer>;
  consent: Operation<ConsentRequest & Named, CollectorAnswer>;
  restrict: Operation<
    Pick<ErasureQuery, 'retainUntil' | 'reason'> & Named,
    CollectorAnswer & { state: 'restricted' }
  >;
  erase: Operation<Named, CollectorAnswer & { state: 'erased' }>;
};

/**
 * Who may see and change somebody by name: the operator and the own station. Restricted and erased people are gone
 * for the station too.
 */
export const reachesCollector = (caller: Caller, { organisationId, siteId, state }: Collector): boolean =>
  caller.role === 'operator' ||
  (caller.role === 'station' &&
    state !== 'restricted' &&
    state !== 'erased' &&
    organisationId !== null &&
    mayReach(caller, organisationId, siteId));

/** 404 for an unknown id, and for somebody the caller does not reach. */
export const collectorInPath = (world: World, caller: Caller, id: string): Collector => {
  const collector = world.get(collectors, id);
  if (collector === undefined || !reachesCollector(caller, collector)) throw notFound('collector');
  return collector;
};

const REFUSALS: Record<Collector['state'], string> = {
  active: 'This collector is active.',
  unresolved: 'Nobody registered this collector yet; register them with POST /v1/collectors and this id.',
  closed: 'This collector was closed.',
  restricted: 'The personal data of this collector is restricted.',
  erased: 'The personal data of this collector was erased.',
};

/** The code of a refusal names the state it ran into: `collector_closed` and its like. */
export const expectState = (collector: Collector, ...wanted: Collector['state'][]): void => {
  if (!wanted.includes(collector.state))
    throw conflict(`collector_${collector.state}`, REFUSALS[collector.state], {
      ...(collector.retainUntil == null ? {} : { retainUntil: collector.retainUntil }),
    });
};

export const idOf = ({ people: [named] }: AnyFact): CollectorAnswer => ({ id: named?.personId ?? null });

/** The id of somebody known already is told to their own organisation only. */
const knownTo =
  (world: World, caller: Caller) =>
  (personId: string): DomainError => {
    const known = world.get(collectors, personId)!;
    const own = reachesCollector({ ...caller, siteIds: null }, known);
    return conflict(
      'person_known',
      own
        ? 'Somebody with this identity number is registered already; use the collectorId given here.'
        : 'Somebody with this identity number is registered already, by others; ask the operator.',
      own ? { collectorId: personId } : {},
    );
  };

/**
 * Everything that is recorded about people.
 *
 * @param keyring seals what is kept of a person under that person's own key, and hashes identity numbers
 * @param programme whose time zone days are told in, and whose operator stands for natural persons
 */
export const peopleOperations = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): PeopleOperations => {
  const today = ({ now }: DecideContext): string => dayIn(programme.timeZone, now);

  const about = <Part extends { personId: string }>(
    world: World,
    context: DecideContext,
    type: facts.PersonFact,
    siteId: string | null,
    part: Part,
  ) =>
    draft({
      type,
      ...actorOf(world, context.caller, programme),
      data: { ...(siteId === null ? {} : { siteId }), day: today(context) },
      private: { keyId: context.caller.keyId },
      people: [{ personId: part.personId, part }],
    });

  return {
    register: {
      name: 'collector.register',
      roles: KEEPERS,
      status: 201,
      /** Somebody whose weigh-ins came first is taken over, with the key these were sealed under. */
      decide(world, { siteId, consent, name, phone, identity, account }, context) {
        const { caller, id } = context;
        const site = reachableSite(world, caller, siteId);
        if ((world.get(collectors, id)?.state ?? 'unresolved') !== 'unresolved')
          throw conflict('id_taken', 'This id is in use; choose another.');
        const wrappedKey = world.get(people, id)?.wrappedKey ?? keyring.newPersonKey();
        world.put(people, {
          id,
          wrappedKey,
          sealed: sealParticulars(keyring, wrappedKey, { name, phone, identity, account }),
          identityHash: claimIdentity(world, keyring, id, identity, knownTo(world, caller)),
        });
        return about(world, context, facts.collectorRegistered, site.id, {
          personId: id,
          organisationId: site.organisationId,
          ...(consent === undefined ? {} : { consentVersion: consent.version, consentAt: consent.at }),
        });
      },
      answer: idOf,
    },

    change: {
      name: 'collector.change',
      roles: KEEPERS,
      status: 200,
      decide(world, { collectorId, ...changed }, context) {
        const { caller } = context;
        const collector = collectorInPath(world, caller, collectorId);
        expectState(collector, 'active');
        const site = changed.siteId === undefined ? collector : reachableSite(world, caller, changed.siteId);
        const person = world.get(people, collectorId)!;
        const after = mergeParticulars(openParticulars(keyring, person)!, changed);
        const identityHash = claimIdentity(
          world,
          keyring,
          collectorId,
          after.identity,
          knownTo(world, caller),
        );
        if (person.identityHash !== null && identityHash?.equals(person.identityHash) !== true)
          releaseIdentity(world, person.identityHash);
        world.put(people, {
          ...person,
          sealed: sealParticulars(keyring, person.wrappedKey!, after),
          identityHash,
        });
        return about(world, context, facts.collectorChanged, changed.siteId ?? collector.siteId, {
          personId: collectorId,
          organisationId: site.organisationId!,
          changed: Object.keys(changed).sort(),
        });
      },
      answer: idOf,
    },

    close: {
      name: 'collector.close',
      roles: KEEPERS,
      status: 200,
      decide(world, { collectorId }, context) {
        const collector = collectorInPath(world, context.caller, collectorId);
        expectState(collector, 'active');
        return about(world, context, facts.collectorClosed, collector.siteId, { personId: collectorId });
      },
      answer: idOf,
    },

    consent: {
      name: 'collector.consent',
      roles: KEEPERS,
      status: 200,
      decide(world, { collectorId, version, at }, context) {
        const collector = collectorInPath(world, context.caller, collectorId);
        expectState(collector, 'active', 'closed');
        return about(world, context, facts.collectorConsentChanged, collector.siteId, {
          personId: collectorId,
          consentVersion: version,
          consentAt: at,
        });
      },
      answer: idOf,
    },

    restrict: {
      name: 'collector.restrict',
      roles: KEEPERS,
      status: 200,
      /** Hides the person at once. The operator may name the day until which a duty lasts, and change it later. */
      decide(world, { collectorId, retainUntil, reason }, context) {
        const collector = collectorInPath(world, context.caller, collectorId);
        if (retainUntil !== undefined && context.caller.role !== 'operator')
          throw forbidden('Only the operator says until when the data must be kept.');
        if (collector.state === 'erased' || retainUntil === undefined)
          expectState(collector, 'active', 'closed', 'unresolved');
        const until = retainUntil ?? today(context);
        if (until < today(context))
          throw unprocessable('end_date_past', '/query/retainUntil', 'must not lie in the past');
        return about(world, context, facts.collectorRestricted, collector.siteId, {
          personId: collectorId,
          retainUntil: until,
          ...(reason === undefined ? {} : { reason }),
        });
      },
      answer: (fact) => ({ ...idOf(fact), state: 'restricted' }),
    },

    erase: {
      name: 'collector.erase',
      roles: ['operator'],
      status: 200,
      /** Destroys the person's key, what it sealed, and every row that ties a fact to them. The entries stay. */
      decide(world, { collectorId }, context) {
        const collector = collectorInPath(world, context.caller, collectorId);
        if (collector.state !== 'restricted' && collector.state !== 'erased')
          throw conflict(
            'not_restricted',
            'Restrict the personal data first: the same request without a stage.',
          );
        expectState(collector, 'restricted');
        const { retainUntil } = collector;
        if (retainUntil != null && retainUntil > today(context))
          throw conflict('duties_open', `The data must be kept until ${retainUntil}.`, { retainUntil });
        const person = world.get(people, collectorId)!;
        if (person.identityHash !== null) releaseIdentity(world, person.identityHash);
        // A follower in the middle of a step has read this person's openings: wait for it, keep the next one out.
        world.effect('SELECT 1 FROM followers ORDER BY name FOR UPDATE', []);
        world.effect('DELETE FROM source_parties WHERE person_id = $1', [collectorId]);
        // What anomaly rules keep of a person.
        world.effect("DELETE FROM anomaly_tallies WHERE scope = 'person-day' AND subject = $1", [
          collectorId,
        ]);
        world.effect('DELETE FROM anomaly_evidence WHERE person_id = $1', [collectorId]);
        // Where they were paid; an order under way goes on without the name.
        world.effect('DELETE FROM payees WHERE person_id = $1', [collectorId]);
        world.effect('DELETE FROM payout_heirs WHERE person_id = $1', [collectorId]);
        world.effect('UPDATE payout_orders SET person_id = NULL WHERE person_id = $1', [collectorId]);
        world.effect('UPDATE invoicing_consents SET person_id = NULL WHERE person_id = $1', [collectorId]);
        world.effect('UPDATE reverse_invoices SET person_id = NULL WHERE person_id = $1', [collectorId]);
        world.effect('DELETE FROM person_accounts WHERE person_id = $1', [collectorId]);
        world.effect('UPDATE person_openings SET person_id = NULL, sealed = NULL WHERE person_id = $1', [
          collectorId,
        ]);
        forgetCard(world, collectorId, context.seq);
        return about(world, context, facts.collectorErased, collector.siteId, { personId: collectorId });
      },
      answer: (fact) => ({ ...idOf(fact), state: 'erased' }),
    },
  };
};
