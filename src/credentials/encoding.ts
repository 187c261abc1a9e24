/** Text forms of bytes that credentials use, without Node's Buffer, since the published verifier reads them too. */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes of base64url without padding (RFC 4648 §5); undefined for any other spelling, also one that decodes to the same. */
export const fromBase64url = (text: string): Uint8Array | undefined => {
  if (!/^[\w-]*$/.test(text)) return undefined;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
    return toBase64url(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
};

export const toBase64url = (bytes: Uint8Array): string => {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
};

export const textToBase64url = (text: string): string => toBase64url(new TextEncoder().encode(text));

/** undefined where it is not UTF-8. */
export const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Longer than any key that is read here. */
const MOST_DIGITS = 128;

/** Bytes of base58btc; undefined for what is none. */
export const fromBase58 = (text: string): Uint8Array | undefined => {
  if (text.length > MOST_DIGITS) return undefined;
  let value = 0n;
  for (const digit of text) {
    const index = BASE58.indexOf(digit);
    if (index < 0) return undefined;
    value = value * 58n + BigInt(index);
  }
  const bytes: number[] = [];
  for (; value > 0n; value >>= 8n) bytes.unshift(Number(value & 255n));
  const zeros = /^1*/.exec(text)![0].length;
  return Uint8Array.from([...Array<number>(zeros).fill(0), ...bytes]);
};
