import { assertSource, assertTotal, blankVector, ShareError, type ShareVector } from './share-vector.ts';

/*
 * A share vector as bytes, version 1:
 *
 *   0x01                 the version
 *   n                    number of sources
 *   n times: delta       the key less the key before it (the first: the key itself); at least 1, the first may be 0
 *            grams       at least 1
 *
 * and nothing after it. n, delta and grams are unsigned LEB128: seven bits a byte, the lowest first, the high
 * bit set on every byte but the last, in as few bytes as will hold it, at most 2^53 - 1. So equal vectors have
 * equal bytes and other bytes are refused.
 */
const VERSION = 1;
const MAX_NUMBER_BYTES = 8;

/** The bytes of a vector: about five a source where weigh-ins lie near each other in the ledger. */
export function encodeVector(v: ShareVector): Uint8Array {
  const bytes = new Uint8Array(1 + MAX_NUMBER_BYTES * (1 + 2 * v.keys.length));
  bytes[0] = VERSION;
  let end = writeNumber(bytes, 1, v.keys.length);
  let before = 0;
  for (let k = 0; k < v.keys.length; k++) {
    end = writeNumber(bytes, end, v.keys[k]! - before);
    end = writeNumber(bytes, end, v.grams[k]!);
    before = v.keys[k]!;
  }
  return bytes.slice(0, end);
}

function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= 128) {
    bytes[end++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  bytes[end++] = rest;
  return end;
}

/**
 * The vector of these bytes. Throws a ShareError that says what is wrong: `unknown-version`, `truncated`,
 * `overlong-number`, `number-too-large`, `count-too-large`, `keys-not-ascending`, `bad-source`, `zero-grams`,
 * `total-too-large`, `trailing-bytes`. Allocates no more than the bytes can hold.
 */
export function decodeVector(bytes: Uint8Array): ShareVector {
  if (bytes[0] !== VERSION)
    throw new ShareError('unknown-version', `share vectors begin with 1, not ${bytes[0] ?? 'nothing'}`);
  const cursor = { bytes, at: 1 };
  const count = readNumber(cursor);
  if (count > (bytes.length - cursor.at) / 2)
    throw new ShareError('count-too-large', `${count} sources do not fit into ${bytes.length} bytes`);
  const { keys, grams } = blankVector(count);
  let key = 0;
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const delta = readNumber(cursor);
    if (delta === 0 && k > 0)
      throw new ShareError('keys-not-ascending', `source ${k} repeats the one before`);
    key += delta;
    assertSource(key);
    const share = readNumber(cursor);
    if (share === 0) throw new ShareError('zero-grams', `source ${k} has no grams`);
    sum += share;
    assertTotal(sum);
    keys[k] = key;
    grams[k] = share;
  }
  if (cursor.at !== bytes.length) throw new ShareError('trailing-bytes', 'bytes follow the last source');
  return { keys, grams };
}

/** Eight groups of seven bits hold more than 2^53, and a ninth never a number that is allowed. */
function readNumber(cursor: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let group = 0; group < MAX_NUMBER_BYTES; group++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new ShareError('truncated', 'the bytes end within a number or before it');
    value += (byte % 128) * 2 ** (7 * group);
    if (byte >= 128) continue;
    if (byte === 0 && group > 0) throw new ShareError('overlong-number', 'a number ends in an empty group');
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    break;
  }
  throw new ShareError('number-too-large', 'a number is at most 2^53 - 1');
}
