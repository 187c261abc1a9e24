import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sha256 } from '../kernel/hash.ts';
import {
  type COSIGNATURE,
  cosignedMessage,
  ED25519,
  formatNote,
  keyIdOf,
  type NoteKey,
  type NoteSignature,
  type VerifySignature,
} from './note.ts';

/** What precedes the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 §7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Signs under a name with an Ed25519 key. */
export class NoteSigner {
  readonly key: NoteKey;
  private readonly secret: KeyObject;

  /** @param seed 32 bytes, the private key (RFC 8032 §5.1.5) @param algorithm a log's plain signature, or a witness's */
  constructor(name: string, seed: Uint8Array, algorithm: typeof ED25519 | typeof COSIGNATURE = ED25519) {
    this.secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
    const { x } = createPublicKey(this.secret).export({ format: 'jwk' });
    const publicKey = Buffer.from(x!, 'base64url');
    this.key = { name, id: keyIdOf(sha256, name, algorithm, publicKey), algorithm, publicKey };
  }

  /** The text as a note of its own. */
  note(text: string): string {
    return signNote(text, [this]);
  }

  signature(text: string): NoteSignature {
    const bytes = sign(null, Buffer.from(text), this.secret);
    return { name: this.key.name, id: this.key.id, bytes };
  }

  /** A witness's signature of the text at a time in milliseconds since 1970. */
  cosign(text: string, at: number): NoteSignature {
    const seconds = Math.floor(at / 1_000);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    const signature = sign(null, cosignedMessage(text, seconds), this.secret);
    return { name: this.key.name, id: this.key.id, bytes: Buffer.concat([time, signature]) };
  }
}

/** The text as a note that all of them sign. */
export const signNote = (text: string, signers: readonly NoteSigner[]): string =>
  formatNote({ text, signatures: signers.map((signer) => signer.signature(text)) });

export const verifyEd25519: VerifySignature = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, message, key, signature);
};
