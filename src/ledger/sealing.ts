import { canonicalBytes } from '../kernel/canonical.ts';
import { type Hash, toHex } from '../kernel/hash.ts';

/** What opens a seal: 32 random bytes, then the RFC 8785 bytes of the private part. */
export type Opening = Uint8Array;

export const SALT_BYTES = 32;

/** Ledger format 1, "What is open and what is sealed": seal = SHA-256(salt ‖ RFC 8785 bytes of the object). */
export const seal = (hash: Hash, salt: Uint8Array, part: unknown): { seal: string; opening: Opening } => {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt is ${SALT_BYTES} bytes, not ${salt.length}`);
  const opening = canonicalBytes(part, SALT_BYTES);
  opening.set(salt);
  return { seal: toHex(hash(opening)), opening };
};

/** The private part of an opening, or null when it does not fit the seal. */
export const openSeal = (hash: Hash, expected: string, opening: Opening): Record<string, unknown> | null => {
  if (toHex(hash(opening)) !== expected) return null;
  return JSON.parse(Buffer.from(opening.subarray(SALT_BYTES)).toString('utf8')) as Record<string, unknown>;
};
