import { verifyEd25519 } from './log-key.ts';
import {
  formatNote,
  NoteFault,
  type NoteKey,
  type NoteSignature,
  parseNote,
  toBase64,
  verifyNote,
} from './note.ts';

/** Where a witness is asked, and the key it signs with. */
export type KnownWitness = { key: NoteKey; url: string };

const TIMEOUT_MS = 5_000;
/** A first guess, the size that the witness names, and one more when somebody else asked in between. */
const ATTEMPTS = 3;

/**
 * Asks a witness to cosign (C2SP tlog-witness). Returns its signature. Throws an Error that says what it answered.
 *
 * @param old how many entries the witness is thought to have cosigned
 * @param prove the proof that the checkpoint continues the log of so many entries
 */
export const askWitness = async (
  witness: KnownWitness,
  note: string,
  old: number,
  prove: (old: number) => Promise<readonly Uint8Array[]>,
): Promise<NoteSignature> => {
  const url = new URL('add-checkpoint', witness.url.endsWith('/') ? witness.url : `${witness.url}/`);
  let size = old;
  for (let attempt = 1; ; attempt++) {
    const proof = size === 0 ? [] : await prove(size);
    const body = `old ${size}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${note}`;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: 'POST', body, signal });
    const text = await response.text();
    if (response.status === 200) return cosignatureIn(note, text, witness.key);
    const known = /^(0|[1-9]\d*)\n$/.exec(text)?.[1];
    if (response.status !== 409 || known === undefined || Number(known) === size || attempt === ATTEMPTS)
      throw new Error(
        `the witness ${witness.key.name} answers ${response.status}: ${text.trim().slice(0, 200)}`,
      );
    size = Number(known);
  }
};

/** Of the lines a witness answered, the one by the key it is known by, which must fit. */
const cosignatureIn = (note: string, lines: string, key: NoteKey): NoteSignature => {
  const { text, signatures } = parseNote(`${note}${lines}`);
  const found = signatures.find(({ name, id }) => name === key.name && id === key.id);
  if (found === undefined || verifyNote({ text, signatures }, [key], verifyEd25519).length === 0)
    throw new NoteFault(`the witness ${key.name} did not sign with the key it is known by`);
  return found;
};

/** The note with one signature more, unless it bears it already. */
export const withSignature = (note: string, signature: NoteSignature): string => {
  const { text, signatures } = parseNote(note);
  const others = signatures.filter(({ name, id }) => name !== signature.name || id !== signature.id);
  return formatNote({ text, signatures: [...others, signature] });
};
