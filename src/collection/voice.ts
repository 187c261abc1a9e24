import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import type { AnyFact, DecideContext, PersonPart } from '../ledger/fact.ts';
import { people } from '../ledger/tables.ts';
import type { World } from '../ledger/world.ts';
import { cards, confirmationLinks } from '../registry/cards.tables.ts';
import { type Bearer, wrongCard } from '../registry/cards.ts';
import { collectors } from '../registry/registry.tables.ts';

/**
 * How a collector without a key speaks. A card, with or without PIN, and a link were looked up before the door, and
 * are looked at again inside; a station or the operator may speak for one of the parties.
 */
export type Voice =
  | { by: 'card'; bearer: Bearer; withPin: boolean }
  | { by: 'link'; tokenHash: string }
  /** Through an open passbook; `card` is null where a link opened it. */
  | { by: 'passbook'; personId: string; card: Bearer | null }
  | { by: 'station'; collectorId?: string | undefined };

/** Who spoke: the place among the parties of the weigh-in, and the person where they are still known. */
export type Speaker = { party: number | null; personId: string | null };

/** States in which somebody may still speak for themselves. */
const SPEAKING: readonly string[] = ['active', 'closed', 'unresolved'];

const partyOf = (original: AnyFact, personId: string): number =>
  original.people.findIndex((person) => person?.personId === personId);

/**
 * Who speaks of the weigh-in. 403 `wrong_card_or_pin` for a card replaced or blocked meanwhile; 404 for a link of
 * somebody restricted or erased, 409 `link_expired`, `link_used`; 422 `not_a_party`, `which_party`. Uses the link up.
 */
export const speakerOf = (world: World, original: AnyFact, voice: Voice, context: DecideContext): Speaker => {
  if (voice.by === 'link') return linkSpeaker(world, original, voice.tokenHash, context);
  if (voice.by === 'passbook') {
    const personId = passbookHolder(world, voice);
    const party = partyOf(original, personId);
    if (party === -1) throw notFound('weigh-in');
    return { party, personId };
  }
  if (voice.by === 'card') {
    const { personId } = voice.bearer;
    expectCard(world, voice.bearer);
    const party = partyOf(original, personId);
    if (party === -1) throw unprocessable('not_a_party', '/card', 'is of somebody who did not hand this in');
    return { party, personId };
  }
  return stationSpeaker(world, original, voice.collectorId);
};

/** 403 `wrong_card_or_pin` for a card that was replaced or blocked since it was looked up. */
const expectCard = (world: World, { personId, cardHash }: Bearer): void => {
  const card = world.get(cards, personId);
  if (card?.cardHash !== cardHash || card.state !== 'active') throw wrongCard();
};

/** Whose passbook it is, where they may still speak. 404 for somebody restricted or erased meanwhile. */
export const passbookHolder = (
  world: World,
  { personId, card }: { personId: string; card: Bearer | null },
): string => {
  if (card !== null) expectCard(world, card);
  if (!SPEAKING.includes(world.get(collectors, personId)?.state ?? 'erased')) throw notFound('passbook');
  return personId;
};

const linkSpeaker = (
  world: World,
  original: AnyFact,
  tokenHash: string,
  { now, seq }: DecideContext,
): Speaker => {
  const link = world.get(confirmationLinks, tokenHash);
  if (link === undefined || !SPEAKING.includes(world.get(collectors, link.personId)!.state))
    throw notFound('link');
  if (link.usedSeq !== null)
    throw conflict('link_used', 'This link was used; ask for another one.', { seq: link.usedSeq });
  if (link.expiresAt <= now) throw linkExpired(link.expiresAt);
  world.put(confirmationLinks, { ...link, usedSeq: seq });
  return { party: partyOf(original, link.personId), personId: link.personId };
};

/** @param expiresAt milliseconds since 1970 */
export const linkExpired = (expiresAt: number) =>
  conflict('link_expired', 'This link has expired; ask for another one.', {
    expiresAt: new Date(expiresAt).toISOString(),
  });

const stationSpeaker = (world: World, original: AnyFact, collectorId: string | undefined): Speaker => {
  if (collectorId === undefined && original.people.length > 1)
    throw unprocessable('which_party', '/collectorId', 'name the one of them who speaks');
  if (collectorId === undefined && original.people.length === 0) return { party: null, personId: null };
  const party = collectorId === undefined ? 0 : partyOf(original, collectorId);
  if (party === -1)
    throw unprocessable('not_a_party', '/collectorId', 'is of somebody who did not hand this in');
  const personId = original.people[party]?.personId ?? null;
  // Erased since the weigh-in was read: the fact is kept, the name is not.
  const known = personId !== null && world.get(people, personId)?.wrappedKey != null;
  return { party, personId: known ? personId : null };
};

/** Who may hand out a link to, or speak for: the person at this place, still there. 409 in any other state. */
export const speakingPerson = (world: World, { personId }: Speaker): string => {
  const state = personId === null ? 'erased' : world.get(collectors, personId)!.state;
  if (personId === null || !SPEAKING.includes(state))
    throw conflict(`collector_${state}`, 'The personal data of this collector is restricted or erased.');
  return personId;
};

/** The speaker's part of a fact: the person, and what only their own key may open. */
export const partOf = ({ personId }: Speaker, more: object = {}): PersonPart[] =>
  personId === null ? [] : [{ personId, part: { personId, ...more } }];

/** Whose organisation's station or the programme itself acts: a link or a passbook speaks through nobody's key. */
export const actorThrough = (voice: Voice, programme: { operatorId: string }): { actor?: string } =>
  voice.by === 'link' || voice.by === 'passbook' ? { actor: programme.operatorId } : {};
