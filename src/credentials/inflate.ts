/**
 * Inflating (RFC 1951) in plain JavaScript: a status list is gzipped, a browser's own inflater is asynchronous, and a
 * verifier asks nobody.
 */

/** What is compressed is at most so large: a list of a million bits; more is a bomb. */
const MOST_BYTES = 1 << 17;

type Codes = { counts: number[]; symbols: number[] };

/** Canonical Huffman codes of these lengths (RFC 1951 §3.2.2). */
const codesOf = (lengths: readonly number[]): Codes => {
  const counts = Array<number>(16).fill(0);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const offsets = [0, 0];
  for (let i = 1; i < 15; i++) offsets[i + 1] = offsets[i]! + counts[i]!;
  const symbols: number[] = [];
  for (const [symbol, length] of lengths.entries()) if (length > 0) symbols[offsets[length]!++] = symbol;
  return { counts, symbols };
};

const BASES = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const repeated = (...runs: [length: number, times: number][]): number[] =>
  runs.flatMap(([length, times]) => Array<number>(times).fill(length));
const FIXED = codesOf(repeated([8, 144], [9, 112], [7, 24], [8, 8]));
const FIXED_DISTANCES = codesOf(repeated([5, 30]));

/** Throws RangeError for what is not deflated, or is larger than any list. */
class Inflater {
  readonly out: number[] = [];
  private readonly bytes: Uint8Array;
  private at: number;
  private bit = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Returns where the rest begins. */
  run(): number {
    for (let last = 0; last === 0; ) {
      last = this.take(1);
      const kind = this.take(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.block(FIXED, FIXED_DISTANCES);
      else if (kind === 2) this.dynamic();
      else throw new RangeError('no such kind of block');
    }
    return this.bit === 0 ? this.at : this.at + 1;
  }

  private take(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw new RangeError('it ends too early');
      value |= ((byte >> this.bit) & 1) << i;
      this.bit = (this.bit + 1) & 7;
      if (this.bit === 0) this.at++;
    }
    return value;
  }

  private symbol({ counts, symbols }: Codes): number {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length <= 15; length++) {
      code |= this.take(1);
      const count = counts[length]!;
      if (code - count < first) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new RangeError('no such code');
  }

  private put(byte: number): void {
    if (this.out.length >= MOST_BYTES) throw new RangeError('larger than any list');
    this.out.push(byte);
  }

  private stored(): void {
    if (this.bit > 0) this.at++;
    this.bit = 0;
    const length = this.take(16);
    if ((this.take(16) ^ 0xffff) !== length) throw new RangeError('its length is not what it says');
    for (let i = 0; i < length; i++) this.put(this.take(8));
  }

  private block(literals: Codes, distances: Codes): void {
    for (let symbol = this.symbol(literals); symbol !== 256; symbol = this.symbol(literals)) {
      if (symbol < 256) {
        this.put(symbol);
        continue;
      }
      const base = BASES[symbol - 257];
      if (base === undefined) throw new RangeError('no such length');
      const length = base + this.take(EXTRA[symbol - 257]!);
      const far = this.symbol(distances);
      if (far > 29) throw new RangeError('no such distance');
      const extra = far < 2 ? 0 : (far >> 1) - 1;
      const distance = (far < 2 ? far : (2 + (far & 1)) << extra) + 1 + this.take(extra);
      if (distance > this.out.length) throw new RangeError('it copies from before the beginning');
      for (let i = 0; i < length; i++) this.put(this.out[this.out.length - distance]!);
    }
  }

  private dynamic(): void {
    const [literals, distances, given] = [this.take(5) + 257, this.take(5) + 1, this.take(4) + 4];
    const lengths = Array<number>(19).fill(0);
    for (let i = 0; i < given; i++) lengths[ORDER[i]!] = this.take(3);
    const codes = codesOf(lengths);
    const all: number[] = [];
    while (all.length < literals + distances) {
      const symbol = this.symbol(codes);
      if (symbol < 16) all.push(symbol);
      else {
        if (symbol === 16 && all.length === 0) throw new RangeError('nothing to repeat');
        const length = symbol === 16 ? all.at(-1)! : 0;
        const times = symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7);
        for (let i = 0; i < times; i++) all.push(length);
      }
    }
    if (all.length > literals + distances) throw new RangeError('more lengths than it says');
    this.block(codesOf(all.slice(0, literals)), codesOf(all.slice(literals)));
  }
}

const CRC = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** What was gzipped (RFC 1952), in one member without names or comments. Throws RangeError for anything else. */
export const gunzip = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8 || bytes[3] !== 0)
    throw new RangeError('it is not gzipped plainly');
  const inflater = new Inflater(bytes, 10);
  const end = inflater.run();
  const out = Uint8Array.from(inflater.out);
  let crc = -1;
  for (const byte of out) crc = CRC[(crc ^ byte) & 255]! ^ (crc >>> 8);
  const number = (at: number) => [0, 1, 2, 3].reduce((n, i) => n + bytes[at + i]! * 2 ** (8 * i), 0);
  if (bytes.length !== end + 8 || number(end) !== ~crc >>> 0 || number(end + 4) !== out.length)
    throw new RangeError('its check sum is not what it says');
  return out;
};
