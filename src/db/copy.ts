/** The same bytes as a Buffer, not copied. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** "PGCOPY\n\xff\r\n\0", flags, length of the extension; then each row: count of fields, and each with its length. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const END = -1;
const FIRST_SIZE = 16_384;

/** Grows with what was written through it, and is used again: a turn's rows are written and copied at once. */
let scratch = Buffer.allocUnsafeSlow(FIRST_SIZE);
/** Beyond this it is not kept. */
const MOST_KEPT = 1 << 20;

/** Writes PostgreSQL's binary COPY format. One at a time: it writes into a buffer that all share. */
export class CopyWriter {
  private at = HEADER.length;

  constructor() {
    scratch.set(HEADER);
  }

  int16(value: number): void {
    this.room(2);
    this.at = scratch.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.room(4);
    this.at = scratch.writeInt32BE(value, this.at);
  }

  fieldInt2(value: number): void {
    checkInteger(value);
    this.int32(2);
    this.int16(value);
  }

  fieldInt4(value: number): void {
    checkInteger(value);
    this.int32(4);
    this.int32(value);
  }

  fieldInt8(value: number): void {
    checkInteger(value);
    this.room(12);
    const high = Math.floor(value / 2 ** 32);
    const at = scratch.writeInt32BE(8, this.at);
    scratch.writeInt32BE(high, at);
    this.at = scratch.writeUInt32BE(value - high * 2 ** 32, at + 4);
  }

  fieldBoolean(value: boolean): void {
    this.int32(1);
    this.room(1);
    scratch[this.at++] = value ? 1 : 0;
  }

  /** 36 characters of hex and dashes. Throws a RangeError for anything else. */
  uuid(text: string): void {
    this.room(20);
    let at = scratch.writeInt32BE(16, this.at);
    if (text.length !== 36) throw new RangeError(`${text} is not a UUID`);
    for (let i = 0; i < 36; i += 2) {
      if (i === 8 || i === 13 || i === 18 || i === 23) i++;
      const byte = (HEX[text.charCodeAt(i)] ?? NOT_HEX) * 16 + (HEX[text.charCodeAt(i + 1)] ?? NOT_HEX);
      if (byte > 255) throw new RangeError(`${text} is not a UUID`);
      scratch[at++] = byte;
    }
    this.at = at;
  }

  bytes(bytes: Uint8Array): void {
    this.room(4 + bytes.length);
    const at = scratch.writeInt32BE(bytes.length, this.at);
    scratch.set(bytes, at);
    this.at = at + bytes.length;
  }

  text(text: string): void {
    // UTF-8 takes three bytes at most for each of JavaScript's code units.
    this.room(4 + 3 * text.length);
    const length = scratch.write(text, this.at + 4);
    scratch.writeInt32BE(length, this.at);
    this.at += 4 + length;
  }

  /** All that was written, as a buffer of its own. */
  end(): Buffer {
    this.int16(END);
    const written = Buffer.from(scratch.subarray(0, this.at));
    if (scratch.length > MOST_KEPT) scratch = Buffer.allocUnsafeSlow(FIRST_SIZE);
    return written;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= scratch.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * scratch.length, this.at + bytes));
    scratch.copy(larger, 0, 0, this.at);
    scratch = larger;
  }
}

const checkInteger = (value: number): void => {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer of at most 53 bits`);
};

const NOT_HEX = 256;
/** What a character code is worth as a hex digit. */
const HEX = new Uint16Array(128).fill(NOT_HEX);
for (const [i, digit] of [...'0123456789abcdef'].entries()) {
  HEX[digit.charCodeAt(0)] = i;
  HEX[digit.toUpperCase().charCodeAt(0)] = i;
}
