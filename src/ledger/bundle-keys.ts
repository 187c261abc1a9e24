import { fromHex } from '../kernel/hash.ts';
import type { Bundle } from './bundle.ts';
import { Rejected, tried } from './bundle-read.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import type { Entry } from './entry.ts';
import { isAboutKeys, KeyHistory, type SignedSize } from './key-history.ts';
import {
  COSIGNATURE,
  ED25519,
  formatKey,
  type NoteKey,
  type Primitives,
  parseKey,
  parseNote,
  verifyNote,
} from './note.ts';
import { verifyConsistency } from './proof.ts';

/**
 * Who signed a bundle's checkpoint, and how each key that did follows from entry 0. Returns names and times of the
 * witnesses. Throws Rejected.
 */
export const checkKeys = (
  bundle: Bundle,
  entries: readonly Entry[],
  signed: Checkpoint & { note: string },
  primitives: Primitives,
): { name: string; at: number }[] => {
  const history = tried('wrong-key-fact', '/entries', () => {
    const seen = new KeyHistory(primitives.hash, primitives.verify);
    for (const entry of entries) seen.see(entry);
    return seen;
  });
  const log = readKeys(bundle.log.keys, ED25519, '/log/keys', primitives);
  const mine = history.at(signed.size);
  for (const [i, { name }] of log.entries())
    if (!mine.some(({ key }) => formatKey(key) === bundle.log.keys[i]) || name !== bundle.log.origin)
      throw new Rejected('key-not-in-log', `/log/keys/${i}`);
  const witnesses = readKeys(bundle.witnesses, COSIGNATURE, '/witnesses', primitives);
  const found = checkSignatures(signed.note, '/entries/0/proof', [...log, ...witnesses], primitives);
  if (log.length === 0 || found.length !== log.length + witnesses.length)
    throw new Rejected('not-signed', '/entries/0/proof');
  const by = mine.filter(({ key }) => bundle.log.keys.includes(formatKey(key)));
  checkVouched(bundle, entries.filter(isAboutKeys), { ...signed, by }, history, primitives);
  return witnesses.map((key) => ({ name: key.name, at: found.find((each) => each.key === key)!.at! }));
};

/** Keys that the bundle names, each once. */
const readKeys = (keys: readonly string[], algorithm: number, at: string, { hash }: Primitives): NoteKey[] =>
  keys.map((text, i) => {
    const key = tried('wrong-key', `${at}/${i}`, () => parseKey(hash, text));
    if (key.algorithm !== algorithm || keys.indexOf(text) !== i)
      throw new Rejected('wrong-key', `${at}/${i}`);
    return key;
  });

/** Every signature is by one of the keys, once, and fits: a byte changed in any of them shows. Returns those that signed. */
const checkSignatures = (
  source: string,
  at: string,
  keys: readonly NoteKey[],
  { verify }: Pick<Primitives, 'verify'>,
): ReturnType<typeof verifyNote> => {
  const note = tried('wrong-checkpoint', at, () => parseNote(source));
  const found = tried('wrong-signature', at, () => verifyNote(note, keys, verify));
  if (found.length !== note.signatures.length) throw new Rejected('unknown-signature', at);
  return found;
};

/**
 * A later key counts only where the fact that adds it stands under a checkpoint of an older key, and so does a retirement:
 * each such fact ends a checkpoint that the bundle's own continues. Without them whoever holds a spare key, or one that was
 * just added, could give out a history that no older key signed for.
 */
const checkVouched = (
  { log: { keyCheckpoints = [] } }: Bundle,
  facts: readonly Entry[],
  signed: Checkpoint & SignedSize,
  history: KeyHistory,
  primitives: Primitives,
): void => {
  const place = '/log/keyCheckpoints';
  if (keyCheckpoints.length !== facts.length) throw new Rejected('key-not-vouched', place);
  const held = keyCheckpoints.map(({ note, proof }, i): SignedSize => {
    const at = `${place}/${i}`;
    const { origin, size, root } = tried('wrong-checkpoint', at, () => parseCheckpoint(parseNote(note).text));
    if (origin !== signed.origin || size !== facts[i]!.seq + 1) throw new Rejected('key-not-vouched', at);
    tried('wrong-proof', at, () =>
      verifyConsistency(primitives.hash, size, signed.size, root, signed.root, proof.map(fromHex)),
    );
    const keys = history.at(size).map(({ key }) => key);
    const found = checkSignatures(note, at, keys, primitives).map(({ key }) => key);
    return { size, by: history.keys.filter(({ key }) => found.includes(key)) };
  });
  tried('key-not-vouched', place, () => history.judge([...held, signed]));
};
