import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { deriveKey, type HmacKey, hmacKey, hmacSha256, toHex, unpooled } from '../kernel/hash.ts';
import { keyedUuid } from '../kernel/ids.ts';
import type { Random } from '../kernel/time.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Persons' keys kept unwrapped in memory. */
const MOST_UNWRAPPED = 2_000;

const MOST_ACCOUNT_IDS = 10_000;

const PIN_SALT_BYTES = 16;
const PIN_HASH_BYTES = 32;
/** Stands in for the PIN of a card that is not there, so that asking takes as long. */
const NO_PIN = Buffer.alloc(PIN_SALT_BYTES + PIN_HASH_BYTES);
const slowHash = promisify(scrypt) as (secret: Buffer, salt: Uint8Array, length: number) => Promise<Buffer>;

/** AES-256-GCM: nonce ‖ ciphertext ‖ tag. */
const encrypt = (key: KeyObject, plain: Uint8Array, nonce: Uint8Array): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.allocUnsafe(NONCE_BYTES + plain.length + TAG_BYTES);
  sealed.set(nonce);
  // All of it comes at once in this mode: the end adds nothing but the tag.
  sealed.set(cipher.update(plain), NONCE_BYTES);
  cipher.final();
  sealed.set(cipher.getAuthTag(), NONCE_BYTES + plain.length);
  return sealed;
};

/** Throws when the bytes were changed or the key is another. */
const decrypt = (key: KeyObject, sealed: Uint8Array): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  return Buffer.concat([
    decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
    decipher.final(),
  ]);
};

/**
 * The keys of the private store. All follow from the private key file: one wraps each person's own key, one
 * hashes identity numbers, one fingerprints request bodies, one makes ids from idempotency keys, one is the pepper of
 * PINs, one hashes the numbers of cards and the tokens of links, one makes ids of accounts.
 */
export class Keyring {
  private readonly wrapping: KeyObject;
  private readonly identity: HmacKey;
  private readonly bodies: HmacKey;
  readonly idempotency: HmacKey;
  private readonly pins: HmacKey;
  private readonly bearers: HmacKey;
  private readonly accounts: HmacKey;
  /** Account ids made before: a few hot accounts are named by every fact. */
  private readonly accountIds = new Map<string, string>();
  private readonly random: Random;
  /** By what is wrapped; and by the very bytes of a row, which a busy person's stays in memory with. */
  private readonly unwrapped = new Map<string, KeyObject>();
  private unwrappedRows = new WeakMap<Uint8Array, KeyObject>();

  constructor(secret: Uint8Array, random: Random) {
    this.wrapping = deriveKey(secret, 'person-keys');
    this.identity = hmacKey(deriveKey(secret, 'identity-numbers'));
    this.bodies = hmacKey(deriveKey(secret, 'request-bodies'));
    this.idempotency = hmacKey(deriveKey(secret, 'idempotency-keys'));
    this.pins = hmacKey(deriveKey(secret, 'pins'));
    this.bearers = hmacKey(deriveKey(secret, 'bearers'));
    this.accounts = hmacKey(deriveKey(secret, 'accounts'));
    this.random = random;
  }

  /** A new person's key, wrapped. */
  newPersonKey(): Buffer {
    return unpooled(encrypt(this.wrapping, this.random(32), this.random(NONCE_BYTES)));
  }

  encryptFor(wrappedKey: Uint8Array, plain: Uint8Array): Buffer {
    return encrypt(this.unwrap(wrappedKey), plain, this.random(NONCE_BYTES));
  }

  decryptFor(wrappedKey: Uint8Array, sealed: Uint8Array): Buffer {
    return decrypt(this.unwrap(wrappedKey), sealed);
  }

  /** Drops the unwrapped keys kept in memory: after an erasure none may outlive its row. */
  forget(): void {
    this.unwrapped.clear();
    this.unwrappedRows = new WeakMap();
  }

  private unwrap(wrappedKey: Uint8Array): KeyObject {
    const known = this.unwrappedRows.get(wrappedKey);
    if (known !== undefined) return known;
    const name = Buffer.from(wrappedKey.buffer, wrappedKey.byteOffset, wrappedKey.byteLength).toString(
      'latin1',
    );
    let key = this.unwrapped.get(name);
    if (key === undefined) {
      key = createSecretKey(decrypt(this.wrapping, wrappedKey));
      if (this.unwrapped.size >= MOST_UNWRAPPED) this.unwrapped.clear();
      this.unwrapped.set(name, key);
    }
    this.unwrappedRows.set(wrappedKey, key);
    return key;
  }

  /** Finds the same person twice without keeping the number: HMAC-SHA-256 under a key outside the database. */
  identityHash(kind: string, number: string): Buffer {
    return hmacSha256(this.identity, `${kind} ${number}`);
  }

  /** What a body was, without being a copy of it. */
  fingerprint(canonicalBody: string): Buffer {
    return hmacSha256(this.bodies, canonicalBody);
  }

  /** Finds a card by its number, or a link by its token, without keeping either. Hex. */
  bearerHash(
    kind: 'card' | 'link' | 'passbook-link' | 'passbook' | 'statement' | 'console' | 'console-form',
    secret: string,
  ): string {
    return toHex(hmacSha256(this.bearers, `${kind} ${secret}`));
  }

  /** The id of an account follows from its name; without the key nobody can tell whose it is. */
  accountId(name: string): string {
    let id = this.accountIds.get(name);
    if (id === undefined) {
      id = keyedUuid(this.accounts, name);
      if (this.accountIds.size >= MOST_ACCOUNT_IDS) this.accountIds.clear();
      this.accountIds.set(name, id);
    }
    return id;
  }

  /** What is kept of a PIN: salt ‖ scrypt of the PIN under the pepper, without which few digits are soon guessed. */
  async sealPin(pin: string): Promise<Buffer> {
    const salt = unpooled(this.random(PIN_SALT_BYTES));
    return unpooled(Buffer.concat([salt, await this.hashPin(pin, salt)]));
  }

  /** Whether the PIN is the sealed one; takes as long for a wrong one, and for null. */
  async pinFits(pin: string, sealed: Buffer | null): Promise<boolean> {
    const kept = sealed ?? NO_PIN;
    const hash = await this.hashPin(pin, kept.subarray(0, PIN_SALT_BYTES));
    return timingSafeEqual(hash, kept.subarray(PIN_SALT_BYTES)) && sealed !== null;
  }

  private hashPin(pin: string, salt: Uint8Array): Promise<Buffer> {
    return slowHash(hmacSha256(this.pins, pin), salt, PIN_HASH_BYTES);
  }
}
