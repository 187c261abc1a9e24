import { hashes, verify } from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { Primitives } from '../ledger/note.ts';

hashes.sha512 = sha512;

/**
 * SHA-256 and Ed25519 in plain JavaScript, the same in Node and in a browser. Not the browser's own: that is asynchronous, which
 * costs more than the hash for a few hundred bytes, and absent from pages that are served without TLS.
 */
export const portable: Primitives = {
  hash: sha256,
  verify: (publicKey, message, signature) => {
    try {
      // RFC 8032, not the laxer rules that the library takes unless told.
      return verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false;
    }
  },
};
