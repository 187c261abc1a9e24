/**
 * As much of Node's Buffer as the pure part of the ledger asks of it, for where there is none. The build of the package
 * puts it in Buffer's place.
 */
class Bytes extends Uint8Array {
  override toString(encoding?: string, start = 0, end = this.length): string {
    const part = new Uint8Array(this.buffer, this.byteOffset + start, end - start);
    if (encoding !== 'hex') return decoder.decode(part);
    let text = '';
    for (const byte of part) text += HEX[byte]!;
    return text;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const allocate = (size: number): Bytes => new Bytes(size);

const from = (source: string | ArrayBuffer | Uint8Array, offset?: number, length?: number): Bytes => {
  if (source instanceof ArrayBuffer) return new Bytes(source, offset, length);
  return new Bytes(typeof source === 'string' ? encoder.encode(source) : source);
};

export const Buffer = { alloc: allocate, allocUnsafe: allocate, allocUnsafeSlow: allocate, from };
