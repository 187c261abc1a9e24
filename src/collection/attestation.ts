import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../kernel/canonical.ts';
import { Id, Sha256Hex } from '../kernel/values.ts';
import { Deduction } from './collection.schema.ts';

/** What a device signs, exactly (ledger format, "Device attestation"); members that are absent are left out. */
export const AttestedObject = z.strictObject({
  id: Id,
  siteId: Id,
  deviceId: Id,
  counter: z.int(),
  material: z.string(),
  form: z.string(),
  originClass: z.string(),
  basis: z.string(),
  grossGrams: z.int().optional(),
  tareGrams: z.int(),
  count: z.int().optional(),
  deductions: z.array(Deduction).optional(),
  /** The `personSeal`s in the order of the parties; left out when the weigh-in names no person. */
  seals: z.array(Sha256Hex).optional(),
});
export type AttestedObject = z.infer<typeof AttestedObject>;

/** The DER head of an Ed25519 public key (RFC 8410 §4), before its 32 raw bytes. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const keys = new Map<string, KeyObject>();

const publicKey = (raw: string): KeyObject => {
  let key = keys.get(raw);
  if (key === undefined) {
    key = createPublicKey({
      key: Buffer.concat([SPKI, Buffer.from(raw, 'base64url')]),
      format: 'der',
      type: 'spki',
    });
    if (keys.size > 10_000) keys.clear();
    keys.set(raw, key);
  }
  return key;
};

/** Whether `signature` (base64url, Ed25519) over the RFC 8785 bytes is the device's. */
export const attested = (object: AttestedObject, rawPublicKey: string, signature: string): boolean => {
  try {
    return verify(
      null,
      Buffer.from(canonicalJson(object)),
      publicKey(rawPublicKey),
      Buffer.from(signature, 'base64url'),
    );
  } catch {
    return false;
  }
};
