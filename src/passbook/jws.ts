import { toHex } from '../kernel/hash.ts';
import { idOf } from '../ledger/key-history.ts';
import type { NoteSigner } from '../ledger/log-key.ts';
import type { NoteKey, VerifySignature } from '../ledger/note.ts';

/** What is signed says what it is, so that a signature of anything else is never one of these (RFC 8725 §3.11). */
const TYPE = 'income-statement+jws';

const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');
export const kidOf = (key: NoteKey): string => `${key.name}+${idOf(key)}`;

/** What is signed: ASCII without a line end, hence never the text of a checkpoint, which ends in one. */
export const signingInput = (payload: string, key: NoteKey): string =>
  `${encoded(`{"alg":"EdDSA","kid":"${kidOf(key)}","typ":"${TYPE}"}`)}.${encoded(payload)}`;

/** A JSON Web Signature in compact form (RFC 7515 §7.1, Ed25519 after RFC 8037 §3.1) over the payload's text. */
export const signJws = (payload: string, signer: NoteSigner): string => {
  const input = signingInput(payload, signer.key);
  return `${input}.${Buffer.from(signer.signature(input).bytes).toString('base64url')}`;
};

/**
 * The payload's text, where one of the keys signed exactly this; undefined for anything else, another algorithm, another
 * kind of document, a key that is not among them, and any byte changed, in header, payload or signature.
 */
export const verifyJws = (
  jws: string,
  keys: readonly NoteKey[],
  verify: VerifySignature,
): { payload: string; key: NoteKey } | undefined => {
  const match = /^([\w-]+)\.([\w-]+)\.([\w-]{86})$/.exec(jws);
  if (match === null) return undefined;
  const [, header, body, signature] = match as unknown as [string, string, string, string];
  const payload = Buffer.from(body, 'base64url').toString('utf8');
  const bytes = Buffer.from(signature, 'base64url');
  // One text has one form: what decodes to the same and is written otherwise was changed.
  if (bytes.toString('base64url') !== signature) return undefined;
  const key = keys.find((one) => signingInput(payload, one) === `${header}.${body}`);
  if (key === undefined || !verify(key.publicKey, Buffer.from(`${header}.${body}`), bytes)) return undefined;
  return { payload, key };
};

/** The key as a JSON Web Key, for libraries that want one. */
export const jwkOf = (key: NoteKey): { kty: string; crv: string; x: string; kid: string; alg: string } => ({
  ...{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', kid: kidOf(key) },
  x: Buffer.from(toHex(key.publicKey), 'hex').toString('base64url'),
});
