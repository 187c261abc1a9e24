import { conflict } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { World } from '../ledger/world.ts';
import { actorOf } from './actor.ts';
import { collectorCardChanged } from './cards.facts.ts';
import { cards } from './cards.tables.ts';
import { cardNumber } from './cards.ts';
import { type CollectorAnswer, collectorInPath, expectState, idOf, KEEPERS } from './people.operations.ts';
import type { Collector } from './registry.tables.ts';

type Named = { collectorId: string };
/** `cardNumber` is shown in the first answer only. */
export type CardAnswer = CollectorAnswer & { cardNumber: string | null };

/**
 * @param keyring hashes the number
 * @param programme whose time zone days are told in, and whose operator stands for natural persons
 */
export const cardOperations = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): {
  issueCard: Operation<Named & { pin: Buffer }, CardAnswer>;
  blockCard: Operation<Named, CollectorAnswer & { state: 'blocked' }>;
} => {
  const changed = (
    world: World,
    { caller, now }: DecideContext,
    { id: personId, siteId }: Collector,
    change: 'issued' | 'blocked',
  ) => ({
    type: collectorCardChanged,
    ...actorOf(world, caller, programme),
    data: { ...(siteId === null ? {} : { siteId }), day: dayIn(programme.timeZone, now) },
    private: { keyId: caller.keyId },
    people: [{ personId, part: { personId, change } }],
  });
  return {
    issueCard: {
      name: 'collector.issue-card',
      roles: KEEPERS,
      status: 201,
      /** A new card stands in place of the one before, which is good for nothing from then on. */
      decide(world, { collectorId, pin }, context) {
        const collector = collectorInPath(world, context.caller, collectorId);
        expectState(collector, 'active');
        world.get(cards, collectorId);
        const number = cardNumber(context.random(16));
        const cardHash = keyring.bearerHash('card', number);
        world.put(cards, { personId: collectorId, cardHash, pin, state: 'active', seq: context.seq });
        return draft({ ...changed(world, context, collector, 'issued'), once: { cardNumber: number } });
      },
      answer: (fact) => ({ ...idOf(fact), cardNumber: null }),
    },
    blockCard: {
      name: 'collector.block-card',
      roles: KEEPERS,
      status: 200,
      decide(world, { collectorId }, context) {
        const collector = collectorInPath(world, context.caller, collectorId);
        const card = world.get(cards, collectorId);
        if (card === undefined || card.state === 'erased')
          throw conflict('no_card', 'This collector has no card; issue one first.');
        if (card.state === 'blocked')
          throw conflict('card_blocked', 'This card was blocked.', { seq: card.seq });
        world.put(cards, { ...card, state: 'blocked', seq: context.seq });
        return draft(changed(world, context, collector, 'blocked'));
      },
      answer: (fact) => ({ ...idOf(fact), state: 'blocked' }),
    },
  };
};
