import { fromBase64, toBase64 } from './note.ts';
import { ProofFault } from './proof.ts';

/** An entry's place, its inclusion proof and the signed checkpoint, as one text (C2SP tlog-proof, without extra data). */
export type TlogProof = { index: number; proof: Uint8Array[]; note: string };

const HEADER = 'c2sp.org/tlog-proof@v1';
const HASH_BYTES = 32;

export const formatTlogProof = ({ index, proof, note }: TlogProof): string =>
  `${HEADER}\nindex ${index}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${note}`;

/** Reads one as `formatTlogProof` writes it. Throws ProofFault for anything else; the note is not looked into. */
export const parseTlogProof = (text: string): TlogProof => {
  const cut = text.indexOf('\n\n');
  const [header, place, ...lines] = text.slice(0, Math.max(0, cut)).split('\n');
  const digits = /^index (0|[1-9]\d{0,15})$/.exec(place ?? '')?.[1];
  const proof = lines.map((line) => fromBase64(line));
  if (cut === -1 || header !== HEADER || digits === undefined || !Number.isSafeInteger(Number(digits)))
    throw new ProofFault(
      `a proof is written "${HEADER}", "index N", hashes, an empty line, and a checkpoint`,
    );
  if (!proof.every((hash) => hash?.length === HASH_BYTES))
    throw new ProofFault(`a hash of a proof is ${HASH_BYTES} bytes in base64`);
  return { index: Number(digits), proof: proof as Uint8Array[], note: text.slice(cut + 2) };
};
