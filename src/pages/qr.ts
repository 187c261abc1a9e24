import { crc32, deflateSync } from 'node:zlib';
import encodeQR from 'qr';

/**
 * The address that a QR code carries: the page of the code, and behind `#` the key of the log that it was printed
 * for. A browser never sends what stands behind `#`, so no log of a server holds it, and the same page is served to
 * all; the page's script, or any other reader of the code, compares it with the keys that vouch for what is shown.
 * It is the log's first key: later ones follow from it, so a printed code stays good when the log's key is changed.
 *
 * @param key a C2SP verifier key, `NAME+ID+KEY`
 */
export const qrAddress = (base: string, code: string, key: string | null): string =>
  `${base}/p/${encodeURIComponent(code)}${key === null ? '' : `#${keyFragment(key)}`}`;

/** `ID+KEY` of a C2SP verifier key: the name is said by the address already. */
export const keyFragment = (key: string): string => key.slice(key.indexOf('+') + 1);

/** Modules of the code, dark ones true, with the quiet border of four that readers need. */
const modulesOf = (text: string): boolean[][] => encodeQR(text, 'raw', { ecc: 'medium', border: 4 });

/** One path over a white field; it scales to any print. */
export const qrSvg = (text: string): string => {
  const rows = modulesOf(text);
  const runs = rows.flatMap((row, y) =>
    [
      ...row
        .map((dark) => (dark ? '1' : '0'))
        .join('')
        .matchAll(/1+/g),
    ].map(({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rows.length} ${rows.length}" width="${rows.length * 6}" height="${rows.length * 6}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${rows.length}v${rows.length}H0z"/><path d="${runs.join('')}"/></svg>`;
};

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Pixels of a module's side. */
const SCALE = 12;

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};

/** The same as a picture of one bit a pixel (PNG, ISO/IEC 15948: greyscale, 1 bit, no filter). */
export const qrPng = (text: string): Buffer => {
  const rows = modulesOf(text);
  const side = rows.length * SCALE;
  const lines = rows.flatMap((row) => {
    const line = Buffer.alloc(1 + Math.ceil(side / 8));
    for (let x = 0; x < side; x++) if (!row[Math.floor(x / SCALE)]) line[1 + (x >> 3)]! |= 0x80 >> (x & 7);
    return Array.from({ length: SCALE }, () => line);
  });
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head[8] = 1;
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(lines), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};
