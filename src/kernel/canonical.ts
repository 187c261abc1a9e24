/**
 * RFC 8785, the JSON Canonicalization Scheme: the one text of a JSON value, in UTF-8.
 *
 * Members are ordered by UTF-16 code units (§3.2.3, which is how JavaScript compares strings), numbers
 * and strings are written as ECMAScript writes them (§3.2.2). Ill-formed strings and numbers that JSON
 * cannot say are refused with a TypeError that names the place.
 *
 * @param before so many bytes are left free in front, for the caller to fill
 */
export const canonicalBytes = (value: unknown, before = 0): Buffer => {
  begin(value, before);
  const bytes = Buffer.allocUnsafe(at);
  out.copy(bytes, before, before, at);
  return bytes;
};

/** The same as a string. */
export const canonicalJson = (value: unknown): string => {
  begin(value, 0);
  return out.toString('utf8', 0, at);
};

// Written byte by byte into one buffer that is used again: strings that are joined piece by piece are gathered
// twice more before they are bytes, and leave much for the garbage collector.
const FIRST_SIZE = 1 << 16;
/** Beyond this the buffer is not kept. */
const MOST_KEPT = 1 << 22;
let out = Buffer.allocUnsafeSlow(FIRST_SIZE);
/** Where the next byte goes. */
let at = 0;

const begin = (value: unknown, before: number): void => {
  if (out.length > MOST_KEPT) out = Buffer.allocUnsafeSlow(FIRST_SIZE);
  at = 0;
  room(before);
  at = before;
  try {
    write(value);
  } catch (error) {
    throw error === UNFIT ? new TypeError(faultOf(value, '') ?? 'not JSON') : error;
  }
};

const room = (bytes: number): void => {
  if (at + bytes <= out.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * out.length, at + bytes));
  out.copy(larger, 0, 0, at);
  out = larger;
};

/** Thrown where a value has no canonical text; the place is looked for only then. */
const UNFIT = new Error('unfit');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

const write = (value: unknown): void => {
  if (typeof value === 'string') writeString(value);
  else if (typeof value === 'number' && Number.isFinite(value)) writeAscii(value === 0 ? '0' : `${value}`);
  else if (typeof value === 'boolean') writeAscii(value ? 'true' : 'false');
  else if (value === null) writeAscii('null');
  else if (typeof value !== 'object') throw UNFIT;
  else if (Array.isArray(value)) writeArray(value);
  else writeObject(value as Record<string, unknown>);
};

const writeAscii = (text: string): void => {
  const { length } = text;
  room(length);
  const [into, from] = [out, at];
  for (let i = 0; i < length; i++) into[from + i] = text.charCodeAt(i);
  at = from + length;
};

/** Up to this length it is quicker to look at each character than to ask the engine. */
const SHORT = 200;

const writeString = (text: string): void => {
  const { length } = text;
  if (length <= SHORT) {
    room(length + 2);
    const into = out;
    const from = at + 1;
    let i = 0;
    for (; i < length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x20 || c > 0x7e || c === QUOTE || c === BACKSLASH) break;
      into[from + i] = c;
    }
    if (i === length) {
      into[at] = QUOTE;
      into[from + length] = QUOTE;
      at += length + 2;
      return;
    }
  }
  if (!text.isWellFormed()) throw UNFIT;
  const escaped = JSON.stringify(text);
  // UTF-8 takes three bytes at most for each of JavaScript's code units.
  room(3 * escaped.length);
  at += out.write(escaped, at);
};

const writeArray = (items: readonly unknown[]): void => {
  writeByte(0x5b);
  for (let i = 0; i < items.length; i++) {
    if (i > 0) writeByte(COMMA);
    write(items[i]);
  }
  writeByte(0x5d);
};

const writeByte = (byte: number): void => {
  room(1);
  out[at++] = byte;
};

const writeObject = (object: Record<string, unknown>): void => {
  const shape = shapeOf(object);
  if (shape === undefined) {
    writeUnusual(object);
    return;
  }
  shape.members ??= membersOf(shape);
  writeByte(0x7b);
  let isFirst = true;
  for (const { name, label } of shape.members) {
    const member = object[name];
    if (member === undefined) continue;
    // The label begins with a comma, which the first goes without.
    writeBytes(label, isFirst ? 1 : 0);
    isFirst = false;
    write(member);
  }
  writeByte(0x7d);
};

const writeBytes = (bytes: Uint8Array, start: number): void => {
  const length = bytes.length - start;
  room(length);
  const [into, from] = [out, at];
  for (let i = 0; i < length; i++) into[from + i] = bytes[start + i]!;
  at = from + length;
};

/** An object whose names are not kept. */
const writeUnusual = (object: Record<string, unknown>): void => {
  writeByte(0x7b);
  let isFirst = true;
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member === undefined) continue;
    if (!isFirst) writeByte(COMMA);
    isFirst = false;
    writeString(name);
    writeByte(0x3a);
    write(member);
  }
  writeByte(0x7d);
};

/** A name as it is written: comma, name in quotes, colon. */
type Member = { name: string; label: Uint8Array };

/**
 * The names an object has, in the order it has them, as a way through a tree. The same few ways are gone by the
 * million, so at the end of each its names are kept sorted and written out.
 */
type Shape = {
  name: string;
  parent: Shape | undefined;
  next: Map<string, Shape>;
  members: Member[] | undefined;
};

const ROOT: Shape = { name: '', parent: undefined, next: new Map(), members: undefined };
/** Names come from outside too: so many ways are kept, and no long names. */
const MOST_SHAPES = 5_000;
const LONGEST_NAME = 64;
let shapes = 0;

/** Undefined where the names are not kept. */
const shapeOf = (object: Record<string, unknown>): Shape | undefined => {
  let shape = ROOT;
  for (const name of Object.keys(object)) {
    const next = shape.next.get(name) ?? grow(shape, name);
    if (next === undefined) return undefined;
    shape = next;
  }
  return shape;
};

const grow = (parent: Shape, name: string): Shape | undefined => {
  if (shapes >= MOST_SHAPES || name.length > LONGEST_NAME) return undefined;
  shapes++;
  const shape: Shape = { name, parent, next: new Map(), members: undefined };
  parent.next.set(name, shape);
  return shape;
};

const membersOf = (end: Shape): Member[] => {
  const names: string[] = [];
  for (let shape = end; shape.parent !== undefined; shape = shape.parent) names.push(shape.name);
  return names.sort().map((name) => {
    if (!name.isWellFormed()) throw UNFIT;
    return { name, label: Buffer.from(`,${JSON.stringify(name)}:`) };
  });
};

/** What has no canonical text, and where; undefined when all of it has. */
const faultOf = (value: unknown, at: string): string | undefined => {
  const place = at || '/';
  if (typeof value === 'string')
    return value.isWellFormed() ? undefined : `${place}: text with a lone surrogate`;
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : `${place}: ${value} is not a JSON number`;
  if (typeof value === 'boolean' || value === null || value === undefined) return undefined;
  if (typeof value !== 'object') return `${place}: a ${typeof value} is not a JSON value`;
  for (const [name, member] of Object.entries(value)) {
    const fault = faultOf(name, `${at}/${name}`) ?? faultOf(member, `${at}/${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
};
