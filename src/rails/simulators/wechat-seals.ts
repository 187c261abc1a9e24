import {
  constants,
  createCipheriv,
  createSign,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import type { Random } from '../../kernel/time.ts';

/**
 * The other side of the signatures, written from the documentation and not from our client: a mistake made on one
 * side alone is then found.
 */

/** RSA key pair of 2048 bits. */
export const rsaPair = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('rsa', { modulusLength: 2048 });

export type SignedHeaders = {
  'Wechatpay-Timestamp': string;
  'Wechatpay-Nonce': string;
  'Wechatpay-Serial': string;
  'Wechatpay-Signature': string;
};

/** The four headers over a body; `seconds` since 1970. */
export const signedHeaders = (
  key: KeyObject,
  serial: string,
  body: string,
  seconds: number,
  nonce: string,
): SignedHeaders => ({
  'Wechatpay-Timestamp': `${seconds}`,
  'Wechatpay-Nonce': nonce,
  'Wechatpay-Serial': serial,
  'Wechatpay-Signature': createSign('RSA-SHA256')
    .update(`${seconds}\n`)
    .update(`${nonce}\n`)
    .update(`${body}\n`)
    .sign(key, 'base64'),
});

export type SignedRequest = { method: string; url: string; authorization: string; body: string };

/** Whether the merchant signed the request, and within five minutes of `now` (milliseconds). */
export const isSignedBy = (
  request: SignedRequest,
  merchant: { id: string; serial: string; publicKey: KeyObject },
  now: number,
): boolean => {
  const match = /^WECHATPAY2-SHA256-RSA2048 (.+)$/.exec(request.authorization);
  const fields = new Map([...(match?.[1] ?? '').matchAll(/([a-z_]+)="([^"]*)"/g)].map((m) => [m[1]!, m[2]!]));
  const seconds = Number(fields.get('timestamp'));
  if (fields.get('mchid') !== merchant.id || fields.get('serial_no') !== merchant.serial) return false;
  if (!(Math.abs(now / 1000 - seconds) <= 300)) return false;
  return createVerify('RSA-SHA256')
    .update(`${request.method}\n${request.url}\n${seconds}\n${fields.get('nonce_str')}\n${request.body}\n`)
    .verify(merchant.publicKey, fields.get('signature') ?? '', 'base64');
};

/** Opens a field sealed for the platform; undefined when it was sealed for somebody else. */
export const openedField = (key: KeyObject, sealed: string): string | undefined => {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    return privateDecrypt({ key, padding, oaepHash: 'sha1' }, Buffer.from(sealed, 'base64')).toString();
  } catch {
    return undefined;
  }
};

/** The resource of a notification, sealed under the API v3 key. */
export const sealedResource = (key: KeyObject, content: object, random: Random): Record<string, string> => {
  const nonce = Buffer.from(random(6)).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from('mch_payment'));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()]);
  return {
    original_type: 'mch_payment',
    algorithm: 'AEAD_AES_256_GCM',
    ciphertext: sealed.toString('base64'),
    associated_data: 'mch_payment',
    nonce,
  };
};
