import { conflict, notFound } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type AnyFact, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { actorOf } from '../registry/actor.ts';
import { collectorInPath, expectState, KEEPERS } from '../registry/people.operations.ts';
import { type Collector, collectors } from '../registry/registry.tables.ts';
import { heirDecided, heirProposed } from './heirs.facts.ts';
import type { HeirRequest } from './heirs.schema.ts';
import { byOf, expectAnother, PAYERS } from './orders.operations.ts';
import { accountHashOf, checkPayee } from './payees.operations.ts';
import { heirs, payees } from './payouts.tables.ts';

export type HeirAnswer = { collectorId: string | null; state: 'proposed' | 'approved' | 'rejected' };
type Named = { collectorId: string };
type Decision = Named & { proposalSeq: number; approve: boolean };

/** Somebody who was paid in life may be followed by an heir; whoever was erased has nobody who could be named. */
const PAYABLE: Collector['state'][] = ['active', 'closed', 'restricted'];

const answer = ({ people: [named], type }: AnyFact): HeirAnswer => {
  const part = (named?.part ?? {}) as { approve?: boolean };
  const decided = part.approve === true ? 'approved' : 'rejected';
  return { collectorId: named?.personId ?? null, state: type === heirProposed.type ? 'proposed' : decided };
};

/** Heirs: proposed with a hash of the evidence by one person, approved by another. */
export const heirOperations = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): { propose: Operation<HeirRequest & Named, HeirAnswer>; decide: Operation<Decision, HeirAnswer> } => {
  const dataOf = ({ siteId }: Collector, now: number) => ({
    ...(siteId === null ? {} : { siteId }),
    day: dayIn(programme.timeZone, now),
  });
  return {
    propose: {
      name: 'collector.propose-heir',
      roles: KEEPERS,
      status: 201,
      /** A new proposal takes the place of one that nobody decided. */
      decide(world, { collectorId, id: _, ...heir }, { caller, now }) {
        const collector = collectorInPath(world, caller, collectorId);
        expectState(collector, ...PAYABLE);
        checkPayee(heir);
        world.need(heirs, [collectorId]);
        const part = { personId: collectorId, ...heir, ...accountHashOf(keyring, heir), by: byOf(caller) };
        return draft({
          type: heirProposed,
          ...actorOf(world, caller, programme),
          data: dataOf(collector, now),
          private: { keyId: caller.keyId },
          people: [{ personId: collectorId, part }],
        });
      },
      answer,
    },
    decide: {
      name: 'collector.decide-heir',
      roles: PAYERS,
      status: 201,
      decide(world, { collectorId, proposalSeq, approve }, { caller, now }) {
        const collector = world.get(collectors, collectorId);
        if (collector === undefined) throw notFound('collector');
        expectState(collector, ...PAYABLE);
        const heir = world.get(heirs, collectorId);
        if (heir === undefined)
          throw conflict('no_heir', 'Nobody proposed an heir: POST /v1/collectors/{id}/heir first.');
        if (heir.state !== 'proposed')
          throw conflict(`heir_${heir.state}`, `This proposal was ${heir.state}.`, { state: heir.state });
        if (heir.seq !== proposalSeq)
          throw conflict('another_heir', 'Another proposal was made meanwhile; read it first.', {
            proposalSeq: heir.seq,
          });
        world.need(payees, [collectorId]);
        if (approve) expectAnother(heir.maker, caller);
        return draft({
          type: heirDecided,
          ...actorOf(world, caller, programme),
          data: dataOf(collector, now),
          private: { keyId: caller.keyId },
          people: [
            {
              personId: collectorId,
              part: { personId: collectorId, proposalSeq, approve, by: byOf(caller) },
            },
          ],
        });
      },
      answer,
    },
  };
};
