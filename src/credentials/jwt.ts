import type { VerifySignature } from '../ledger/note.ts';
import { fromBase64url, textOf, textToBase64url } from './encoding.ts';

/** A JSON Web Signature in compact form (RFC 7515 §7.1), read and not yet believed. */
export type Jwt = {
  header: Record<string, unknown>;
  /** The payload's text, as it was signed. */
  payload: string;
  /** What is signed. */
  input: string;
  signature: Uint8Array;
};

/** A key by the name under which a header calls it. */
export type KnownKey = { kid: string; publicKey: Uint8Array };

export type JwtFault = 'not-a-jwt' | 'wrong-algorithm' | 'wrong-type' | 'unknown-key' | 'wrong-signature';

/** Two names of one algorithm: RFC 8037 §3.1, and RFC 9864 §2.2, which replaces it. */
const ALGORITHMS: readonly unknown[] = ['EdDSA', 'Ed25519'];
/** "vc+jwt" (VC-JOSE-COSE §3.1.1), also as the media type in full, which RFC 7515 §4.1.9 permits. */
const TYPES: readonly unknown[] = ['vc+jwt', 'application/vc+jwt'];

/** undefined for what has not the form; each part is spelt in the one way that bytes have. */
export const readJwt = (text: string): Jwt | undefined => {
  const parts = text.split('.');
  if (parts.length !== 3) return undefined;
  const [header, payload, signature] = parts.map(fromBase64url);
  const headerText = header && textOf(header);
  const payloadText = payload && textOf(payload);
  if (headerText === undefined || payloadText === undefined || signature === undefined) return undefined;
  const read = objectOf(headerText);
  if (read === undefined) return undefined;
  return { header: read, payload: payloadText, input: `${parts[0]}.${parts[1]}`, signature };
};

/** A JSON object, or undefined. */
export const objectOf = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Whether one of the keys signed it as a credential; the key, or why not. Nothing that a header could ask for beside is
 * done: `crit` and `b64` are refused (RFC 7515 §4.1.11), keys or addresses of keys within a header are not looked at.
 */
export const verifyJwt = (
  jwt: Jwt,
  keys: readonly KnownKey[],
  verify: VerifySignature,
): { key: KnownKey } | { fault: JwtFault } => {
  const { alg, typ, kid, crit, b64 } = jwt.header;
  if (!ALGORITHMS.includes(alg) || crit !== undefined || b64 !== undefined)
    return { fault: 'wrong-algorithm' };
  if (!TYPES.includes(typ)) return { fault: 'wrong-type' };
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) return { fault: 'unknown-key' };
  const good =
    jwt.signature.length === 64 && verify(key.publicKey, new TextEncoder().encode(jwt.input), jwt.signature);
  return good ? { key } : { fault: 'wrong-signature' };
};

/** What is signed of a credential: ASCII without a line end, hence never the text of a checkpoint, which ends in one. */
export const signingInput = (payload: string, kid: string): string =>
  `${textToBase64url(`{"alg":"EdDSA","cty":"vc","kid":"${kid}","typ":"vc+jwt"}`)}.${textToBase64url(payload)}`;
