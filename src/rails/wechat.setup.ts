import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Rail } from './rail.ts';
import { type WechatMeans, wechatRail } from './wechat.ts';

/** How to pay by WeChat Pay. The keys are named by their files; none of them is here. */
export type WechatConfig = Readonly<{
  merchantId: string;
  appId: string;
  serial: string;
  /** PEM: the merchant's private key. */
  keyFile: string;
  /** 32 bytes of text, as set on the merchant platform. */
  apiV3KeyFile: string;
  platformKeys: readonly { id: string; file: string }[];
  notifyUrl: string;
  /** Minor units of one transfer, as the merchant platform shows it. */
  maximum: number;
  goods: string;
  baseUrl: string;
}>;

/** What stands in the way of paying by WeChat Pay; names settings and files, never what is in them. */
export class WechatFault extends Error {}

/** RSA keys shorter than this are not WeChat Pay's. */
const MIN_BITS = 2_048;

const read = async (setting: string, file: string): Promise<Buffer> => {
  try {
    return await readFile(file);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new WechatFault(`${file} ${why}: put the file where ${setting} says, or correct the setting.`);
  }
};

const rsaOf = (setting: string, file: string, make: () => KeyObject): KeyObject => {
  let key: KeyObject;
  try {
    key = make();
  } catch {
    throw new WechatFault(`${file} holds no key in PEM: put the one ${setting} asks for there.`);
  }
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_BITS)
    throw new WechatFault(`${file} holds no RSA key of at least ${MIN_BITS} bits (${setting}).`);
  return key;
};

/** Others than the owner may read neither the merchant's key nor the API v3 key. */
const expectOwn = async (file: string): Promise<void> => {
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0)
    throw new WechatFault(
      `${file} has mode ${(mode & 0o777).toString(8)}: others may read it; chmod 600 ${file}`,
    );
};

/**
 * WeChat Pay as the settings describe it, its keys read from their files.
 * @throws WechatFault that says which file or setting to put right, and 422 for settings that could never work
 */
export const openWechat = async (config: WechatConfig, means: WechatMeans): Promise<Rail> => {
  const { keyFile, apiV3KeyFile, platformKeys: named, ...settings } = config;
  const pem = await read('BLUE_CYCLE_WECHAT_KEY_FILE', keyFile);
  const key = rsaOf('BLUE_CYCLE_WECHAT_KEY_FILE', keyFile, () => createPrivateKey(pem));
  const secret = (await read('BLUE_CYCLE_WECHAT_API_V3_KEY_FILE', apiV3KeyFile)).toString('latin1').trim();
  if (secret.length !== 32)
    throw new WechatFault(
      `${apiV3KeyFile} must hold the 32 characters set on the merchant platform (BLUE_CYCLE_WECHAT_API_V3_KEY_FILE).`,
    );
  for (const file of [keyFile, apiV3KeyFile]) await expectOwn(file);
  const platformKeys = new Map<string, KeyObject>();
  for (const { id, file } of named) {
    const setting = 'BLUE_CYCLE_WECHAT_PLATFORM_KEYS';
    const text = await read(setting, file);
    platformKeys.set(
      id,
      rsaOf(setting, file, () => createPublicKey(text)),
    );
  }
  const apiV3Key = createSecretKey(Buffer.from(secret, 'latin1'));
  return wechatRail({ ...settings, key, apiV3Key, platformKeys, encryptWith: named[0]!.id }, means);
};
