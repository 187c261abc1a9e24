import { idOf } from '../ledger/key-history.ts';
import type { NoteKey } from '../ledger/note.ts';
import { fromBase58, fromBase64url, toBase64url } from './encoding.ts';
import type { KnownKey } from './jwt.ts';

/** The host in a log's name, which is a URL without a scheme. */
const hostOf = (origin: string): string => origin.split('/')[0]!;

/** Who signs credentials: `did:web` of the log's host; a port's colon is escaped (did:web, "Method-specific identifier"). */
export const issuerOf = (origin: string): string => `did:web:${hostOf(origin).replaceAll(':', '%3A')}`;
export const addressOf = (origin: string): string => `https://${hostOf(origin)}`;
export const kidOf = (origin: string, key: NoteKey): string => `${issuerOf(origin)}#${idOf(key)}`;

/** Where the document of a `did:web` lies; undefined for another method, or what is none. */
export const didToUrl = (did: string): string | undefined => {
  const match = /^did:web:([A-Za-z0-9.-]+(?:%3A\d{1,5})?)((?::[\w.~-]+)*)$/.exec(did);
  if (match === null) return undefined;
  const [, host, path] = match as unknown as [string, string, string];
  const below = path === '' ? '/.well-known' : path.replaceAll(':', '/');
  return `https://${host.replace('%3A', ':')}${below}/did.json`;
};

/**
 * The DID document of a log. The keys are the log's own: each follows from entry 0, so nobody needs to trust the web server for
 * them, and a credential is proved by the history that proves the log. A retired key stays in it, since credentials that it
 * signed are still about; `/v1/verify` and the status lists say which of them hold.
 */
export const didDocumentOf = (origin: string, keys: readonly NoteKey[]) => {
  const id = issuerOf(origin);
  const verificationMethod = keys.map((key) => ({
    id: kidOf(origin, key),
    type: 'JsonWebKey' as const,
    controller: id,
    publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: toBase64url(key.publicKey) },
  }));
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/jwk/v1'],
    id,
    verificationMethod,
    assertionMethod: verificationMethod.map((method) => method.id),
  };
};

/** What precedes an Ed25519 public key in a Multikey (Controlled Identifiers v1.0 §2.2.2). */
const MULTIKEY_ED25519 = [0xed, 0x01];

type Document = Record<string, unknown>;
const objects = (value: unknown): Document[] =>
  (Array.isArray(value) ? value : []).filter(
    (one): one is Document => typeof one === 'object' && one !== null && !Array.isArray(one),
  );

const publicKeyOf = (method: Document): Uint8Array | undefined => {
  const { type, publicKeyMultibase: multibase, publicKeyJwk } = method;
  if (type === 'Multikey' && typeof multibase === 'string' && multibase.startsWith('z')) {
    const bytes = fromBase58(multibase.slice(1));
    const isOurs = bytes?.length === 34 && MULTIKEY_ED25519.every((byte, i) => bytes[i] === byte);
    return isOurs ? bytes.subarray(2) : undefined;
  }
  if (type !== 'JsonWebKey' && type !== 'JsonWebKey2020') return undefined;
  const { kty, crv, x, d } = objects([publicKeyJwk])[0] ?? {};
  // A document with a private key in it is somebody's accident.
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string' || d !== undefined) return undefined;
  const bytes = fromBase64url(x);
  return bytes?.length === 32 ? bytes : undefined;
};

/**
 * The Ed25519 keys with which the document's subject asserts: those listed under `assertionMethod`, by reference or there and
 * then, whose controller is the subject itself. Keys of other kinds are left out.
 */
export const assertionKeys = (document: Document): KnownKey[] => {
  const { id, verificationMethod, assertionMethod } = document;
  if (typeof id !== 'string' || !Array.isArray(assertionMethod)) return [];
  const absolute = (name: unknown): unknown =>
    typeof name === 'string' && name.startsWith('#') ? `${id}${name}` : name;
  const named = assertionMethod.filter((one) => typeof one === 'string').map(absolute);
  const methods = objects(verificationMethod).filter((method) => named.includes(absolute(method.id)));
  const keys: KnownKey[] = [];
  for (const method of [...methods, ...objects(assertionMethod)]) {
    const kid = absolute(method.id);
    const publicKey = publicKeyOf(method);
    if (typeof kid !== 'string' || !kid.startsWith(`${id}#`) || method.controller !== id) continue;
    if (publicKey !== undefined && !keys.some((key) => key.kid === kid)) keys.push({ kid, publicKey });
  }
  return keys;
};
