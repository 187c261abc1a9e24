import { DomainError } from '../kernel/errors.ts';

const MAX_DEPTH = 64;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const malformed = (message: string, pointer = ''): DomainError =>
  new DomainError('malformed', 'malformed', message, { errors: [{ pointer, reason: message }] });

/**
 * JSON as it was sent, or a `malformed` error. Stricter than JSON.parse where that would silently change what
 * the sender meant: ill-formed UTF-8, a byte order mark, a member named twice, depth over 64, `__proto__`.
 */
export const parseJson = (body: Uint8Array): unknown => {
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    throw malformed('The body is not UTF-8; send JSON in UTF-8.');
  }
  return parseJsonText(text);
};

export const parseJsonText = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(
      `The body is not JSON: ${(error as Error).message.slice(0, 200).replace(/\p{Cc}/gu, ' ')}`,
    );
  }
  scan(text);
  return value;
};

/** Walks valid JSON text once, for depth and for names that come twice in one object. */
const scan = (text: string): void => {
  const names: (Set<string> | null)[] = [];
  let expectsName = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      const end = endOfString(text, i);
      if (expectsName) {
        addName(names.at(-1)!, text.slice(i, end + 1));
        expectsName = false;
      }
      i = end;
    } else if (c === 0x7b || c === 0x5b) {
      names.push(c === 0x7b ? new Set() : null);
      expectsName = c === 0x7b;
      if (names.length > MAX_DEPTH) throw malformed(`The body is nested deeper than ${MAX_DEPTH} levels.`);
    } else if (c === 0x7d || c === 0x5d) {
      names.pop();
      expectsName = false;
    } else if (c === 0x2c) expectsName = names.at(-1) !== null && names.length > 0;
  }
};

const endOfString = (text: string, start: number): number => {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
};

const addName = (names: Set<string> | null, quoted: string): void => {
  const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  if (name === '__proto__') throw malformed('A member is named __proto__; leave it out.', '/__proto__');
  if (names?.has(name))
    throw malformed(`The member ${JSON.stringify(name)} stands twice; send it once.`, `/${name}`);
  names?.add(name);
};
