/**
 * RFC 8785, the JSON Canonicalization Scheme: the one text of a JSON value.
 *
 * Members are ordered by UTF-16 code units (§3.2.3, which is how JavaScript compares strings), numbers
 * and strings are written as ECMAScript writes them (§3.2.2). Ill-formed strings and numbers that JSON
 * cannot say are refused with a TypeError that names the place.
 */
export const canonicalJson = (value: unknown): string => write(value, '');

const write = (value: unknown, at: string): string => {
  switch (typeof value) {
    case 'string':
      return writeString(value, at);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${at || '/'}: ${value} is not a JSON number`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeArray(value, at) : writeObject(value as Record<string, unknown>, at);
    default:
      throw new TypeError(`${at || '/'}: a ${typeof value} is not a JSON value`);
  }
};

const writeString = (value: string, at: string): string => {
  if (!value.isWellFormed()) throw new TypeError(`${at || '/'}: text with a lone surrogate`);
  return JSON.stringify(value);
};

const writeArray = (items: readonly unknown[], at: string): string => {
  let out = '[';
  for (let i = 0; i < items.length; i++) out += (i === 0 ? '' : ',') + write(items[i], `${at}/${i}`);
  return `${out}]`;
};

const writeObject = (object: Record<string, unknown>, at: string): string => {
  let out = '{';
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member === undefined) continue;
    out += `${out.length === 1 ? '' : ','}${writeString(name, at)}:${write(member, `${at}/${name}`)}`;
  }
  return `${out}}`;
};
