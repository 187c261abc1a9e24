// The keys of a log and what they sign, without any of the project's code: C2SP signed-note and tlog-checkpoint, and
// openapi/ledger-format-1.md for the facts that add and retire keys. Used by verify-export.mjs.
import { createHash, createPublicKey, verify } from 'node:crypto';

const must = (condition, message) => {
  if (!condition) throw new Error(message);
};

// A key is written name+id+base64 of an algorithm byte, 1, and 32 bytes; the id is the start of a hash of the rest.
const readKey = (text, seq) => {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? must(false, 'it names no key');
  const bytes = Buffer.from(encoded, 'base64');
  const hash = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex');
  must(bytes.length === 33 && bytes[0] === 1 && hash.startsWith(id), 'it names no key of a log');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') };
  // It may sign checkpoints over the entry at `seq`, up to the one that ends with the entry at `last`.
  return { text, name, id, publicKey: createPublicKey({ key: jwk, format: 'jwk' }), seq, last: Infinity };
};

// What is signed, and by whom: a signature begins with the four bytes of its key's id.
const readNote = (note) => {
  const cut = note.lastIndexOf('\n\n') + 1;
  const text = note.slice(0, cut);
  const signatures = [...note.slice(cut).matchAll(/^— (\S+) (\S+)$/gm)].map(([, name, encoded]) => {
    const bytes = Buffer.from(encoded, 'base64');
    return { name, id: bytes.toString('hex', 0, 4), bytes: bytes.subarray(4) };
  });
  const signedBy = ({ name, id, publicKey }) =>
    signatures.some((s) => s.name === name && s.id === id && verify(null, Buffer.from(text), publicKey, s.bytes));
  return { text, signedBy };
};

const keys = [];

// Told of each entry; says whether it is about keys. A key is added by one that was there and itself, and retired by
// itself or an older one, while another goes on.
export const seeKeys = ({ seq, type, data: { logKey, successor, note } }) => {
  if (seq === 0 && logKey != null) keys.push(readKey(logKey, 0));
  if (!/^log-key\.(added|retired)\.v1$/.test(type)) return false;
  const { text, signedBy } = readNote(note);
  const active = keys.filter(({ last }) => last === Infinity);
  const old = active.find((key) => key.text === logKey);
  if (type === 'log-key.added.v1') {
    const added = readKey(logKey, seq);
    must(keys.every(({ id }) => id !== added.id), 'it adds a key once more');
    must(text === `${type}\n${logKey}\n` && signedBy(added), 'what was signed adds another key');
    must(active.some(signedBy), 'no older key signed for the one it adds');
    keys.push(added);
  } else {
    must(old && active.some((key) => key !== old && key.text === successor), 'nobody is retired, or goes on');
    must(text === `${type}\n${logKey}\n${successor}\n`, 'what was signed retires another key');
    must(active.some((key) => key.seq <= old.seq && signedBy(key)), 'no key as old signed for its retirement');
    old.last = seq;
  }
  return true;
};

// Holds all checkpoints against the roots that were found (base64, by size), and each key against an older one's
// checkpoint over the entry that added it, and over the one that retired it. Returns the sizes.
export const checkCheckpoints = (notes, origin, roots) => {
  const signed = notes.map(readNote).map(({ text, signedBy }) => {
    const [name, count, root] = text.split('\n');
    const size = Number(count);
    must(name === origin, 'the checkpoint is of another log');
    must(root === roots.get(size), `the checkpoint over ${size} entries was signed for others`);
    const by = keys.filter((key) => key.seq < size && size <= key.last + 1 && signedBy(key));
    must(by.length > 0, `the checkpoint over ${size} entries is not signed by the log`);
    return { size, by };
  });
  for (const key of keys.slice(1)) {
    const stands = ({ size, by }) => size > key.seq && by.some(({ seq }) => seq < key.seq);
    must(signed.some(stands), `no older key signed over entry ${key.seq}`);
  }
  for (const key of keys.filter(({ last }) => last < Infinity)) {
    const stands = ({ size, by }) => size === key.last + 1 && by.some(({ seq }) => seq <= key.seq);
    must(signed.some(stands), `no key as old signed over entry ${key.last}`);
  }
  return signed.map(({ size }) => size);
};
