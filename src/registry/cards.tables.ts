import { table } from '../db/table.ts';
import type { World } from '../ledger/world.ts';

/** A person's card. The number and the PIN are kept as hashes only, and neither is in the ledger. */
export type Card = {
  personId: string;
  /** Keyed hash of the number, hex; null once the person was erased. */
  cardHash: string | null;
  /** Salt ‖ scrypt under a pepper. */
  pin: Buffer | null;
  state: 'active' | 'blocked' | 'erased';
  /** The fact that issued or blocked it. */
  seq: number;
};
export const cards = table<Card>(
  'cards',
  'personId',
  { personId: 'uuid', cardHash: 'text', pin: 'bytea', state: 'text', seq: 'int8' },
  false,
);

/** A link that lets one person speak once of one weigh-in, without a key. */
export type ConfirmationLink = {
  /** Keyed hash of the token, hex. */
  tokenHash: string;
  personId: string;
  collectionId: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** The fact it was used for. */
  usedSeq: number | null;
};
export const confirmationLinks = table<ConfirmationLink>(
  'confirmation_links',
  'tokenHash',
  { tokenHash: 'text', personId: 'uuid', collectionId: 'uuid', expiresAt: 'int8', usedSeq: 'int8' },
  false,
);

/** What goes when a person is erased: the card with its PIN and its wrong tries, every link, every open passbook. */
export const forgetCard = (world: World, personId: string, seq: number): void => {
  const card = world.get(cards, personId);
  if (card !== undefined) {
    world.effect('DELETE FROM card_tries WHERE card_hash = $1', [card.cardHash]);
    world.put(cards, { personId, cardHash: null, pin: null, state: 'erased', seq });
  }
  world.effect('DELETE FROM confirmation_links WHERE person_id = $1', [personId]);
  world.effect('DELETE FROM passbook_links WHERE person_id = $1', [personId]);
  world.effect('DELETE FROM passbook_passes WHERE person_id = $1', [personId]);
};
