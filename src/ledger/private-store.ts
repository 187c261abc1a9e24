import { createCipheriv, createDecipheriv } from 'node:crypto';
import { deriveKey, hmacSha256 } from '../kernel/hash.ts';
import type { Random } from '../kernel/time.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM: nonce ‖ ciphertext ‖ tag. */
const encrypt = (key: Uint8Array, plain: Uint8Array, nonce: Uint8Array): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

/** Throws when the bytes were changed or the key is another. */
const decrypt = (key: Uint8Array, sealed: Uint8Array): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  return Buffer.concat([
    decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
    decipher.final(),
  ]);
};

/**
 * The keys of the private store. All follow from the private key file: one wraps each person's own key, one
 * hashes identity numbers, one fingerprints request bodies, one makes ids from idempotency keys.
 */
export class Keyring {
  private readonly wrapping: Buffer;
  private readonly identity: Buffer;
  private readonly bodies: Buffer;
  readonly idempotency: Buffer;
  private readonly random: Random;

  constructor(secret: Uint8Array, random: Random) {
    this.wrapping = deriveKey(secret, 'person-keys');
    this.identity = deriveKey(secret, 'identity-numbers');
    this.bodies = deriveKey(secret, 'request-bodies');
    this.idempotency = deriveKey(secret, 'idempotency-keys');
    this.random = random;
  }

  /** A new person's key, wrapped. */
  newPersonKey(): Buffer {
    return encrypt(this.wrapping, this.random(32), this.random(NONCE_BYTES));
  }

  encryptFor(wrappedKey: Uint8Array, plain: Uint8Array): Buffer {
    return encrypt(decrypt(this.wrapping, wrappedKey), plain, this.random(NONCE_BYTES));
  }

  decryptFor(wrappedKey: Uint8Array, sealed: Uint8Array): Buffer {
    return decrypt(decrypt(this.wrapping, wrappedKey), sealed);
  }

  /** Finds the same person twice without keeping the number: HMAC-SHA-256 under a key outside the database. */
  identityHash(kind: string, number: string): Buffer {
    return hmacSha256(this.identity, `${kind} ${number}`);
  }

  /** What a body was, without being a copy of it. */
  fingerprint(canonicalBody: string): Buffer {
    return hmacSha256(this.bodies, canonicalBody);
  }
}
