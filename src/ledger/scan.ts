import { type Entry, MAX_ENTRY_BYTES } from './entry.ts';

/**
 * Recognises an entry in RFC 8785 form by reading its text once, without making objects of it: several times quicker
 * than parsing it and writing it again. It knows what the ledger mostly writes (whole numbers of up to 15 digits, text
 * without escapes) and answers undefined for anything else, canonical or not: then the text has to be parsed.
 * `data` is parsed when it is asked for.
 *
 * @param text as decoded from UTF-8, from bytes without escapes (`hasEscapes`)
 */
export const scanEntry = (text: string): Entry | undefined => {
  const actor = member(text, '{"actor":', 0);
  const at = member(text, ',"at":', actor);
  if (!text.startsWith(',"data":{', at)) return undefined;
  const dataStart = at + ',"data":'.length;
  const data = scanValue(text, dataStart);
  const origin = member(text, ',"origin":', data);
  const prev = member(text, ',"prev":', origin);
  const seqStart = prev + ',"seq":'.length;
  if (prev === NONE || !text.startsWith(',"seq":', prev)) return undefined;
  const seq = scanInteger(text, seqStart);
  const type = member(text, ',"type":', seq);
  if (type === NONE || !text.startsWith(',"v":1}', type) || type + ',"v":1}'.length !== text.length)
    return undefined;
  return new ScannedEntry(text, actor, at, dataStart, data, origin, prev, seq, type);
};

/** An entry as it lies in its text; every number is where a member ends. */
class ScannedEntry implements Entry {
  readonly v = 1;
  readonly actor: string;
  readonly at: string;
  readonly origin: string;
  readonly prev: string;
  readonly seq: number;
  readonly type: string;
  private readonly dataText: string;

  constructor(
    text: string,
    actor: number,
    at: number,
    dataStart: number,
    data: number,
    origin: number,
    prev: number,
    seq: number,
    type: number,
  ) {
    this.actor = text.slice('{"actor":"'.length, actor - 1);
    this.at = text.slice(actor + ',"at":"'.length, at - 1);
    this.dataText = text.slice(dataStart, data);
    this.origin = text.slice(data + ',"origin":"'.length, origin - 1);
    this.prev = text.slice(origin + ',"prev":"'.length, prev - 1);
    this.seq = Number(text.slice(prev + ',"seq":'.length, seq));
    this.type = text.slice(seq + ',"type":"'.length, type - 1);
  }

  get data(): Record<string, unknown> {
    return JSON.parse(this.dataText) as Record<string, unknown>;
  }
}

/** Where nothing was recognised. */
const NONE = -1;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** The end of `label` and a string that follow each other at `start`. */
const member = (text: string, label: string, start: number): number => {
  if (start === NONE || !text.startsWith(label, start)) return NONE;
  return scanString(text, start + label.length);
};

const words = new Int32Array((MAX_ENTRY_BYTES + 1) / 4);
const aligned = new Uint8Array(words.buffer);

/**
 * Whether a text holds what JSON escapes, or an escape itself: a control character or a backslash. Such text is for the
 * parser. Four bytes at a time: a byte below n shows as the high bit of (byte − n) & ~byte.
 *
 * @param bytes the text in UTF-8, at most `MAX_ENTRY_BYTES`
 */
export const hasEscapes = (bytes: Uint8Array): boolean => {
  const count = Math.ceil(bytes.length / 4);
  if (count > 0) words[count - 1] = 0x20202020;
  aligned.set(bytes);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const word = words[i]!;
    const isBackslash = word ^ 0x5c5c5c5c;
    found |= ((word - 0x20202020) & ~word) | ((isBackslash - 0x01010101) & ~isBackslash);
  }
  return (found & 0x80808080) !== 0;
};

/** The end of the canonical value that begins at `start` of a text without escapes, or −1. */
export const scanValue = (text: string, start: number): number => {
  switch (text.charCodeAt(start)) {
    case QUOTE:
      return scanString(text, start);
    case 0x7b:
      return scanObject(text, start);
    case 0x5b:
      return scanArray(text, start);
    case 0x74:
      return text.startsWith('true', start) ? start + 4 : NONE;
    case 0x66:
      return text.startsWith('false', start) ? start + 5 : NONE;
    case 0x6e:
      return text.startsWith('null', start) ? start + 4 : NONE;
    default:
      return scanInteger(text, start);
  }
};

/** A double holds every whole number of so many digits, and writes it as it stands. */
const MOST_DIGITS = 15;

const scanInteger = (text: string, start: number): number => {
  if (start === NONE) return NONE;
  const first = text.charCodeAt(start) === 0x2d ? start + 1 : start;
  let i = first;
  for (let c = text.charCodeAt(i); c >= 0x30 && c <= 0x39; c = text.charCodeAt(i)) i++;
  const digits = i - first;
  const leadingZero = text.charCodeAt(first) === 0x30;
  if (digits === 0 || digits > MOST_DIGITS || (leadingZero && (digits > 1 || first > start))) return NONE;
  const next = text.charCodeAt(i);
  return next === 0x2e || next === 0x65 || next === 0x45 ? NONE : i;
};

/** Nothing is escaped in the text, so a string goes to the next quote. */
const scanString = (text: string, start: number): number => {
  if (text.charCodeAt(start) !== QUOTE) return NONE;
  const end = text.indexOf('"', start + 1);
  return end === NONE ? NONE : end + 1;
};

const scanArray = (text: string, start: number): number => {
  let i = start + 1;
  if (text.charCodeAt(i) === 0x5d) return i + 1;
  for (;;) {
    i = scanValue(text, i);
    if (i === NONE) return NONE;
    const c = text.charCodeAt(i);
    if (c === 0x5d) return i + 1;
    if (c !== COMMA) return NONE;
    i++;
  }
};

const scanObject = (text: string, start: number): number => {
  let i = start + 1;
  if (text.charCodeAt(i) === 0x7d) return i + 1;
  let last = '';
  for (let isFirst = true; ; isFirst = false) {
    const end = scanString(text, i);
    if (end === NONE || text.charCodeAt(end) !== 0x3a) return NONE;
    const name = text.slice(i + 1, end - 1);
    // Ascending by UTF-16 code units, and none twice (RFC 8785 §3.2.3).
    if (!isFirst && !(last < name)) return NONE;
    last = name;
    i = scanValue(text, end + 1);
    if (i === NONE) return NONE;
    const c = text.charCodeAt(i);
    if (c === 0x7d) return i + 1;
    if (c !== COMMA) return NONE;
    i++;
  }
};
