import { createHmac, hash, hkdfSync } from 'node:crypto';

/** SHA-256 of the bytes, 32 bytes. An argument wherever code must also run outside Node. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

export const sha256: Hash = (bytes) => hash('sha256', bytes, 'buffer');

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A key of its own for one purpose, derived from the private key file (RFC 5869). */
export const deriveKey = (secret: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), `blue-cycle/${purpose}`, 32));

export const hmacSha256 = (key: Uint8Array, data: string | Uint8Array): Buffer =>
  createHmac('sha256', key).update(data).digest();
