import { constants, createDecipheriv, type KeyObject, publicEncrypt, sign, verify } from 'node:crypto';
import type { Headers } from './rail.ts';

/**
 * How WeChat Pay's API v3 signs, verifies and seals (opening a notification: pay.weixin.qq.com/doc/v3/merchant/4012071382). On `node:crypto`, since the kept SDK (wechatpay-axios-plugin 0.9.6) takes time and chance
 * from the machine, brings its own HTTP client, and throws errors that hold the whole request, names included.
 */

/** Answers and notifications older or newer than this are not believed, in seconds. */
export const TOLERANCE_SECONDS = 300;

/** An answer of a transfer has some hundred bytes; what is larger is not read. */
const BODY_LIMIT = 65_536;

/** Every part is ended by a line feed, the last one too. */
const lines = (...parts: string[]): Buffer => Buffer.from(`${parts.join('\n')}\n`);

export type Signer = { merchantId: string; serial: string; key: KeyObject };

/** The Authorization header of one request. `path` with its query; `seconds` since 1970; the body as it is sent. */
export const authorization = (
  signer: Signer,
  request: { method: string; path: string; body: string; seconds: number; nonce: string },
): string => {
  const { method, path, body, seconds, nonce } = request;
  const message = lines(method, path, String(seconds), nonce, body);
  const signature = sign('sha256', message, signer.key).toString('base64');
  const fields = {
    mchid: signer.merchantId,
    nonce_str: nonce,
    timestamp: String(seconds),
    serial_no: signer.serial,
    signature,
  };
  const list = Object.entries(fields).map(([name, value]) => `${name}="${value}"`);
  return `WECHATPAY2-SHA256-RSA2048 ${list.join(',')}`;
};

/** The platform's public keys by their id (`PUB_KEY_ID_…`), or its certificates' by serial number. */
export type PlatformKeys = ReadonlyMap<string, KeyObject>;

export type Doubt = { code: string; reason: string };

/**
 * Whether WeChat Pay signed these bytes within the last five minutes; undefined when it did, else why it is not
 * believed. `now` in milliseconds.
 */
export const doubtOf = (
  headers: Headers,
  body: Uint8Array,
  keys: PlatformKeys,
  now: number,
): Doubt | undefined => {
  const [timestamp, nonce, signature, serial] = ['timestamp', 'nonce', 'signature', 'serial'].map((name) => {
    const value = headers[`wechatpay-${name}`];
    return typeof value === 'string' ? value : undefined;
  });
  if (timestamp === undefined || nonce === undefined || signature === undefined || serial === undefined)
    return {
      code: 'unsigned',
      reason: 'Send Wechatpay-Timestamp, -Nonce, -Signature and -Serial, each once, as they came.',
    };
  if (body.length > BODY_LIMIT) return { code: 'too_large', reason: `Send at most ${BODY_LIMIT} bytes.` };
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    return {
      code: 'stale',
      reason: `Wechatpay-Timestamp is more than ${TOLERANCE_SECONDS} seconds away: wait for the next delivery, or set the clock.`,
    };
  const key = keys.get(serial);
  if (key === undefined)
    return { code: 'unknown_serial', reason: 'Configure the platform key that Wechatpay-Serial names.' };
  const message = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from('\n')]);
  return verify('sha256', message, key, Buffer.from(signature, 'base64'))
    ? undefined
    : { code: 'wrong_signature', reason: 'Send the body unchanged, byte for byte, as WeChat Pay signed it.' };
};

/** A field only WeChat Pay may read: RSAES-OAEP with SHA-1, base64. */
export const sealedFor = (key: KeyObject, text: string): string =>
  publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    Buffer.from(text),
  ).toString('base64');

const TAG_BYTES = 16;

/** Opens the resource of a notification, AEAD_AES_256_GCM under the API v3 key of 32 bytes. @throws when it was changed. */
export const opened = (
  key: KeyObject,
  resource: { ciphertext: string; nonce: string; associated_data?: string | undefined },
): string => {
  const sealed = Buffer.from(resource.ciphertext, 'base64');
  if (sealed.length < TAG_BYTES) throw new Error('shorter than its tag');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(resource.nonce), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(resource.associated_data ?? ''));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
};
