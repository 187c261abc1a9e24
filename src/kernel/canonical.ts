/**
 * RFC 8785, the JSON Canonicalization Scheme: the one text of a JSON value.
 *
 * Members are ordered by UTF-16 code units (§3.2.3, which is how JavaScript compares strings), numbers
 * and strings are written as ECMAScript writes them (§3.2.2). Ill-formed strings and numbers that JSON
 * cannot say are refused with a TypeError that names the place.
 */
export const canonicalJson = (value: unknown): string => {
  try {
    return write(value);
  } catch (error) {
    throw error === UNFIT ? new TypeError(faultOf(value, '') ?? 'not JSON') : error;
  }
};

/** Thrown where a value has no canonical text; the place is looked for only then. */
const UNFIT = new Error('unfit');

/** Text that JSON writes as it is: printable ASCII without quote and backslash. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
/** Up to this length the pattern is quicker than asking the engine to escape. */
const SHORT = 100;

const write = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isFinite(value)) throw UNFIT;
      return value === 0 ? '0' : `${value}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeArray(value) : writeObject(value as Record<string, unknown>);
    default:
      throw UNFIT;
  }
};

const writeString = (text: string): string => {
  if (text.length < SHORT && PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw UNFIT;
  return JSON.stringify(text);
};

const writeArray = (items: readonly unknown[]): string => {
  let out = '[';
  for (let i = 0; i < items.length; i++) out += (i === 0 ? '' : ',') + write(items[i]);
  return `${out}]`;
};

const writeObject = (object: Record<string, unknown>): string => {
  const names = Object.keys(object);
  if (!ascending(names)) names.sort();
  let out = '{';
  for (const name of names) {
    const member = object[name];
    if (member !== undefined) out += `${out.length === 1 ? '' : ','}${writeName(name)}:${write(member)}`;
  }
  return `${out}}`;
};

/** Names recur by the million: each is escaped once. */
const written = new Map<string, string>();
const MOST_NAMES = 1_000;

const writeName = (name: string): string => {
  let text = written.get(name);
  if (text === undefined) {
    text = writeString(name);
    if (written.size < MOST_NAMES) written.set(name, text);
  }
  return text;
};

const ascending = (names: readonly string[]): boolean => {
  for (let i = 1; i < names.length; i++) if (names[i]! < names[i - 1]!) return false;
  return true;
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
