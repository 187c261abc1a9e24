import { canonicalJson } from '../kernel/canonical.ts';
import { toHex } from '../kernel/hash.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { PersonRow } from '../ledger/tables.ts';
import type { World } from '../ledger/world.ts';
import type { CollectorChange, Particulars } from './people.schema.ts';
import { personIdentities } from './people.tables.ts';

/** What was kept under the person's own key. Throws when the bytes were changed. */
export const openParticulars = (
  keyring: Keyring,
  row: Pick<PersonRow, 'wrappedKey' | 'sealed'>,
): Particulars | null =>
  row.wrappedKey === null || row.sealed === null
    ? null
    : (JSON.parse(keyring.decryptFor(row.wrappedKey, row.sealed).toString('utf8')) as Particulars);

/** AES-256-GCM under the person's own key, of the RFC 8785 bytes. */
export const sealParticulars = (keyring: Keyring, wrappedKey: Uint8Array, particulars: Particulars): Buffer =>
  keyring.encryptFor(wrappedKey, Buffer.from(canonicalJson(particulars)));

/** The members of a change as they are after it; null takes one away. */
export const mergeParticulars = (
  before: Particulars,
  { name, phone, identity, account }: CollectorChange,
): Particulars => {
  const pick = <T>(was: T | undefined, now: T | null | undefined): T | undefined =>
    now === undefined ? was : (now ?? undefined);
  return {
    name: name ?? before.name,
    phone: pick(before.phone, phone),
    identity: pick(before.identity, identity),
    account: pick(before.account, account),
  };
};

/**
 * Rows cannot be deleted through the world, so a number is given up in two steps: its row belongs to nobody, then
 * this effect takes it away in the same transaction.
 */
const sweepIdentity = (world: World, key: string): void =>
  world.effect('DELETE FROM person_identities WHERE identity_hash = $1 AND person_id IS NULL', [key]);

/** Gives a number up, so that somebody else may bear it. */
export const releaseIdentity = (world: World, identityHash: Buffer): void => {
  const key = toHex(identityHash);
  world.get(personIdentities, key);
  world.put(personIdentities, { identityHash: key, personId: null });
  sweepIdentity(world, key);
};

/**
 * Takes the number for the person. Blanks around it and upper case do not count.
 *
 * @param known makes the error that is thrown when somebody else bears it
 */
export const claimIdentity = (
  world: World,
  keyring: Keyring,
  personId: string,
  identity: Particulars['identity'],
  known: (personId: string) => Error,
): Buffer | null => {
  if (identity === undefined) return null;
  const hash = keyring.identityHash(identity.kind, identity.number.trim().toUpperCase());
  const key = toHex(hash);
  const held = world.get(personIdentities, key);
  if (held?.personId === personId) return hash;
  if (held?.personId != null) throw known(held.personId);
  // Given up before: the door may still remember a row that is swept away. An effect makes it look again.
  if (held !== undefined) sweepIdentity(world, key);
  world.put(personIdentities, { identityHash: key, personId });
  return hash;
};
