import type { Hash } from '../kernel/hash.ts';

/** Whether `signature` over `message` was made by the Ed25519 key (RFC 8032). */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** The hash and signature check of the machine it runs on. */
export type Primitives = { hash: Hash; verify: VerifySignature };

export const ED25519 = 1;
/** A witness's signature with its time (C2SP tlog-cosignature). */
export const COSIGNATURE = 4;

/** A key that signs notes, as everyone may know it (C2SP signed-note, "Verifier keys"). */
export type NoteKey = { name: string; id: number; algorithm: number; publicKey: Uint8Array };

export type NoteSignature = { name: string; id: number; bytes: Uint8Array };
/** `text` is what is signed, the last line break included. */
export type Note = { text: string; signatures: NoteSignature[] };

/** A note that is none, or a signature that a known key did not make. */
export class NoteFault extends Error {
  override name = 'NoteFault';
}

const encoder = new TextEncoder();
const DASH = '— ';
/** As many as a reader looks at. */
const MOST_SIGNATURES = 100;

/** The first four bytes of SHA-256(name ‖ 0x0a ‖ algorithm ‖ public key). */
export const keyIdOf = (hash: Hash, name: string, algorithm: number, publicKey: Uint8Array): number => {
  const bytes = hash(concat(encoder.encode(`${name}\n`), Uint8Array.of(algorithm), publicKey));
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
};

/** `name+id+base64(algorithm ‖ public key)`. */
export const formatKey = ({ name, id, algorithm, publicKey }: NoteKey): string =>
  `${name}+${hexOf(id)}+${toBase64(concat(Uint8Array.of(algorithm), publicKey))}`;

/** Reads a verifier key. Throws NoteFault when it is none, or its id is not its own. */
export const parseKey = (hash: Hash, text: string): NoteKey => {
  const [, name, hex, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? [];
  const key = encoded === undefined ? undefined : fromBase64(encoded);
  if (name === undefined || key === undefined || key.length !== 33)
    throw new NoteFault('a verifier key is written name+id+base64, with 33 bytes of key');
  const [algorithm, publicKey] = [key[0]!, key.subarray(1)];
  const id = Number.parseInt(hex!, 16);
  if (keyIdOf(hash, name, algorithm, publicKey) !== id)
    throw new NoteFault(`the id of the key ${name} is not its own`);
  return { name, id, algorithm, publicKey };
};

/** Takes a note apart. Throws NoteFault when it is not written as C2SP signed-note says. */
export const parseNote = (source: string): Note => {
  const cut = source.lastIndexOf('\n\n');
  if (cut === -1 || !source.endsWith('\n') || !source.isWellFormed())
    throw new NoteFault('a note is text, an empty line, and signatures, each line ended by a line break');
  const text = source.slice(0, cut + 1);
  const lines = source.slice(cut + 2, -1).split('\n');
  if (/[\u0000-\u0009\u000b-\u001f]/.test(source)) throw new NoteFault('a note holds no control characters');
  if (lines.length > MOST_SIGNATURES)
    throw new NoteFault(`a note bears at most ${MOST_SIGNATURES} signatures`);
  return { text, signatures: lines.map(parseSignature) };
};

const parseSignature = (line: string): NoteSignature => {
  const [, name, encoded] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
  const bytes = encoded === undefined ? undefined : fromBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length < 5)
    throw new NoteFault('a signature is written "— name base64"');
  const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return { name, id, bytes: bytes.subarray(4) };
};

export const formatSignature = ({ name, id, bytes }: NoteSignature): string => {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, id);
  return `${DASH}${name} ${toBase64(concat(head, bytes))}\n`;
};

export const formatNote = ({ text, signatures }: Note): string =>
  `${text}\n${signatures.map(formatSignature).join('')}`;

/** A signature by a known key; `at` is a witness's time in milliseconds since 1970. */
export type Verified = { key: NoteKey; at: number | null };

/**
 * Which of the known keys signed the note. Signatures by unknown keys are passed over; throws NoteFault when one by a
 * known key does not fit.
 */
export const verifyNote = (note: Note, keys: readonly NoteKey[], verify: VerifySignature): Verified[] => {
  const found: Verified[] = [];
  for (const { name, id, bytes } of note.signatures) {
    const key = keys.find((k) => k.name === name && k.id === id);
    if (key === undefined || found.some((f) => f.key === key)) continue;
    const signed = signedBy(key, note.text, bytes);
    if (signed === null || !verify(key.publicKey, signed.message, signed.signature))
      throw new NoteFault(`the signature of ${name} does not fit`);
    found.push({ key, at: signed.at });
  }
  return found;
};

const SIGNATURE_BYTES = 64;
const TIME_BYTES = 8;

/** What a key's signature is over; null when its length is not that of its kind. */
const signedBy = (
  { algorithm }: NoteKey,
  text: string,
  bytes: Uint8Array,
): { message: Uint8Array; signature: Uint8Array; at: number | null } | null => {
  if (algorithm === ED25519)
    return bytes.length === SIGNATURE_BYTES
      ? { message: encoder.encode(text), signature: bytes, at: null }
      : null;
  if (algorithm !== COSIGNATURE || bytes.length !== TIME_BYTES + SIGNATURE_BYTES) return null;
  const seconds = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  return {
    message: cosignedMessage(text, seconds),
    signature: bytes.subarray(TIME_BYTES),
    at: 1_000 * seconds,
  };
};

/** What a witness signs (C2SP tlog-cosignature, version 1). */
export const cosignedMessage = (text: string, seconds: number): Uint8Array =>
  encoder.encode(`cosignature/v1\ntime ${seconds}\n${text}`);

const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

const hexOf = (id: number): string => id.toString(16).padStart(8, '0');

export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** undefined unless it is base64 as `toBase64` writes it. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  try {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return toBase64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
};
