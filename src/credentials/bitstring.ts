import { fromBase64url } from './encoding.ts';
import { gunzip } from './inflate.ts';

/** Bits in a list: the least that Bitstring Status List v1.0 §3.1 permits, so that one index is hidden among many. */
export const LIST_BITS = 131_072;

/**
 * The bits of an `encodedList`: multibase `u`, base64url, gzip (Bitstring Status List v1.0 §2.2). undefined where it is
 * none, is shorter than the least, or larger than a megabit.
 */
export const expandList = (encodedList: string): Uint8Array | undefined => {
  const packed = encodedList.startsWith('u') ? fromBase64url(encodedList.slice(1)) : undefined;
  if (packed === undefined) return undefined;
  try {
    const bits = gunzip(packed);
    return 8 * bits.length >= LIST_BITS ? bits : undefined;
  } catch {
    return undefined;
  }
};

/** Index 0 is the left-most bit of the first byte. undefined beyond the end. */
export const bitAt = (bits: Uint8Array, index: number): boolean | undefined => {
  const byte = bits[Math.floor(index / 8)];
  return byte === undefined ? undefined : ((byte >> (7 - (index % 8))) & 1) === 1;
};
