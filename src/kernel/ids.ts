import { type HmacKey, hmacSha256, sha256 } from './hash.ts';

/** 32 lower-case hex digits in five groups; upper case is refused, since ids are compared as text. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What the programme does by itself acts under this id. */
export const NIL = '00000000-0000-0000-0000-000000000000';

export const formatUuid = (bytes: Uint8Array, version: number): string => {
  const b = Buffer.from(bytes.subarray(0, 16));
  b[6] = (b[6]! & 0x0f) | (version << 4);
  b[8] = (b[8]! & 0x3f) | 0x80;
  const h = b.toString('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
};

/** A version 7 UUID (RFC 9562 §5.7) of the millisecond `now` and ten random bytes. */
export const uuidV7 = (now: number, random: Uint8Array): string => {
  const b = Buffer.allocUnsafe(16);
  b.writeUIntBE(now, 0, 6);
  b.set(random.subarray(0, 10), 6);
  return formatUuid(b, 7);
};

/** An id that follows from a public name: anybody can make it again. */
export const namedUuid = (name: string): string => formatUuid(sha256(Buffer.from(name)), 8);

/** An id that follows from a secret key and a name: the same name gives the same id, nobody else can make it. */
export const keyedUuid = (key: HmacKey, name: string): string => formatUuid(hmacSha256(key, name), 8);
