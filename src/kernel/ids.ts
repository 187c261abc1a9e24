import { type HmacKey, hmacSha256, sha256 } from './hash.ts';

/** 32 lower-case hex digits in five groups; upper case is refused, since ids are compared as text. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What the programme does by itself acts under this id. */
export const NIL = '00000000-0000-0000-0000-000000000000';

const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
const DASH = 0x2d;
const written = Buffer.allocUnsafeSlow(36);

/** The first sixteen bytes as a UUID of the version. Written at once: a text joined of six is copied again when read. */
export const formatUuid = (bytes: Uint8Array, version: number): string => {
  let at = 0;
  for (let i = 0; i < 16; i++) {
    let byte = bytes[i]!;
    if (i === 6) byte = (byte & 0x0f) | (version << 4);
    else if (i === 8) byte = (byte & 0x3f) | 0x80;
    if (i === 4 || i === 6 || i === 8 || i === 10) written[at++] = DASH;
    written[at++] = DIGITS[byte >> 4]!;
    written[at++] = DIGITS[byte & 0x0f]!;
  }
  return written.toString('latin1');
};

/** A version 7 UUID (RFC 9562 §5.7) of the millisecond `now` and ten random bytes. */
export const uuidV7 = (now: number, random: Uint8Array): string => {
  const b = new Uint8Array(16);
  const high = Math.floor(now / 2 ** 32);
  b.set([high >>> 8, high, now >>> 24, now >>> 16, now >>> 8, now]);
  b.set(random.subarray(0, 10), 6);
  return formatUuid(b, 7);
};

/** An id that follows from a public name: anybody can make it again. */
export const namedUuid = (name: string): string => formatUuid(sha256(Buffer.from(name)), 8);

/** An id that follows from a secret key and a name: the same name gives the same id, nobody else can make it. */
export const keyedUuid = (key: HmacKey, name: string): string => formatUuid(hmacSha256(key, name), 8);
