import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { unprocessable } from '../kernel/errors.ts';
import type { Clock, Random } from '../kernel/time.ts';
import {
  type Attempt,
  checkAttempt,
  checkReference,
  type Headers,
  type Limits,
  type Notification,
  type Outcome,
  type Rail,
} from './rail.ts';
import { billOutcome, complaint } from './wechat.answers.ts';
import { authorization, doubtOf, opened, type PlatformKeys, sealedFor } from './wechat.signing.ts';

/** WeChat Pay 商家转账 (v3, `transfer-bills`): the payee confirms within 24 hours. `maximum` is each merchant's own. */
export const WECHAT_LIMITS: Omit<Limits, 'maximum'> = {
  currency: 'CNY',
  minimum: 10,
  nameFrom: 200_000,
  queryWindow: 30 * 86_400_000,
  confirmWithin: 86_400_000,
  callsPerSecond: 100,
  // A request bears the time of its signing, and an old one is refused; a day is far beyond what any clock is off by.
  takesUpWithin: 86_400_000,
  reference: /^[0-9A-Za-z]{1,32}$/,
  referenceIs: '1 to 32 letters and digits',
  purposeLength: 32,
};

/** 二手回收, money for what was collected (doc/v3/merchant 4013774592): the values are fixed there. */
const SCENE = { id: '1010', perception: '二手回收货款', report: '回收商品名称' };

export type WechatSettings = {
  baseUrl: string;
  merchantId: string;
  appId: string;
  /** Serial number of the merchant's certificate, and its private key. */
  serial: string;
  key: KeyObject;
  platformKeys: PlatformKeys;
  /** Which of the platform keys names are encrypted with. */
  encryptWith: string;
  /** 32 bytes, set on the merchant platform. */
  apiV3Key: KeyObject;
  /** Where WeChat Pay reports what became of a bill: https, without a query. */
  notifyUrl: string;
  /** What is reported as bought, 1 to 32 characters, such as 塑料瓶. */
  goods: string;
  /** Fen; the highest amount of one transfer, as the merchant platform shows it. */
  maximum: number;
  /** How long to wait for an answer, in milliseconds. */
  timeout?: number;
};

export type WechatMeans = { now: Clock; random: Random; fetch: typeof fetch };

const BASE = '/v3/fund-app/mch-transfer/transfer-bills';

const Resource = z.object({
  id: z.string().min(1).max(64),
  event_type: z.literal('MCHTRANSFER.BILL.FINISHED'),
  resource: z.object({
    algorithm: z.literal('AEAD_AES_256_GCM'),
    ciphertext: z.string(),
    nonce: z.string(),
    associated_data: z.string().optional(),
  }),
});

/** @throws 422 for settings that could never work. */
export const wechatRail = (settings: WechatSettings, means: WechatMeans): Rail => {
  checkSettings(settings);
  const { merchantId } = settings;
  const limits: Limits = { ...WECHAT_LIMITS, maximum: settings.maximum };
  const call = caller(settings, means);

  const submit = async (attempt: Attempt): Promise<Outcome> => {
    checkAttempt(attempt, limits);
    const name = attempt.payee.name?.trim();
    const body = {
      appid: settings.appId,
      out_bill_no: attempt.reference,
      transfer_scene_id: SCENE.id,
      openid: attempt.payee.account,
      ...(name ? { user_name: sealedFor(settings.platformKeys.get(settings.encryptWith)!, name) } : {}),
      transfer_amount: attempt.amount,
      transfer_remark: attempt.purpose,
      notify_url: settings.notifyUrl,
      user_recv_perception: SCENE.perception,
      transfer_scene_report_infos: [{ info_type: SCENE.report, info_content: settings.goods }],
    };
    const answer = await call('POST', BASE, JSON.stringify(body));
    if ('kind' in answer) return answer;
    if (!answer.ok) return complaint(answer.body, 'submit');
    return told(answer.body, { reference: attempt.reference, merchantId, amount: attempt.amount });
  };

  const query = async (reference: string, sentAt: number): Promise<Outcome> => {
    checkReference(reference, limits);
    // Beyond the window the rail answers as if the bill had never been, which must not be taken for the truth.
    if (means.now() - sentAt > limits.queryWindow) return { kind: 'unknown', code: 'query_window_over' };
    const answer = await call('GET', `${BASE}/out-bill-no/${reference}`, '');
    if ('kind' in answer) return answer;
    if (!answer.ok) return complaint(answer.body, 'query');
    return told(answer.body, { reference, merchantId });
  };

  const cancel = async (reference: string): Promise<Outcome> => {
    checkReference(reference, limits);
    const answer = await call('POST', `${BASE}/out-bill-no/${reference}/cancel`, '');
    if ('kind' in answer) return answer;
    // Too late, already cancelled, never heard of: which of these it is the query says, not a code of this request.
    if (!answer.ok) return complaint(answer.body, 'cancel');
    return told(answer.body, { reference, merchantId });
  };

  const verifyNotification = (headers: Headers, rawBody: Uint8Array): Notification => {
    const doubt = doubtOf(headers, rawBody, settings.platformKeys, means.now());
    if (doubt !== undefined) return { kind: 'not-believed', ...doubt };
    const unreadable = {
      kind: 'not-believed',
      code: 'unreadable_notification',
      reason: 'Send a MCHTRANSFER.BILL.FINISHED notification sealed with the API v3 key of this merchant.',
    } as const;
    try {
      const { id, resource } = Resource.parse(JSON.parse(Buffer.from(rawBody).toString('utf8')));
      const { reference, ...outcome } = billOutcome(JSON.parse(opened(settings.apiV3Key, resource)), {
        merchantId,
      });
      if (reference === undefined) return unreadable;
      return { kind: 'told', id, reference, outcome };
    } catch {
      return unreadable;
    }
  };

  return { limits, submit, query, cancel, verifyNotification };
};

const told = (
  body: unknown,
  expected: { reference: string; merchantId: string; amount?: number },
): Outcome => {
  const { reference: _asked, ...outcome } = billOutcome(body, expected);
  return outcome;
};

type Answer = { ok: boolean; body: unknown };

/** One signed request; every way in which it may end without a believable answer is an unknown. */
const caller = (settings: WechatSettings, means: WechatMeans) => {
  const signer = { merchantId: settings.merchantId, serial: settings.serial, key: settings.key };
  return async (method: 'GET' | 'POST', path: string, body: string): Promise<Answer | Outcome> => {
    const nonce = Buffer.from(means.random(16)).toString('hex');
    const seconds = Math.floor(means.now() / 1000);
    let response: Response;
    let bytes: Uint8Array;
    try {
      response = await means.fetch(`${settings.baseUrl}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          'user-agent': 'blue-cycle',
          authorization: authorization(signer, { method, path, body, seconds, nonce }),
          ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
          // Names the key of encrypted fields, and asks for the answer to be signed with it.
          'wechatpay-serial': settings.encryptWith,
        },
        ...(body === '' ? {} : { body }),
        redirect: 'error',
        signal: AbortSignal.timeout(settings.timeout ?? 10_000),
      });
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      return { kind: 'unknown', code: (error as Error).name === 'TimeoutError' ? 'timeout' : 'no_answer' };
    }
    const doubt = doubtOf(Object.fromEntries(response.headers), bytes, settings.platformKeys, means.now());
    if (doubt !== undefined) return { kind: 'unknown', code: `answer_${doubt.code}` };
    try {
      const parsed: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
      return { ok: response.ok, body: parsed };
    } catch {
      return { kind: 'unknown', code: 'unreadable_answer' };
    }
  };
};

const checkSettings = (settings: WechatSettings): void => {
  const url = URL.canParse(settings.notifyUrl) ? new URL(settings.notifyUrl) : undefined;
  const local = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url === undefined || url.search !== '' || !(url.protocol === 'https:' || local))
    throw unprocessable(
      'notify_url_form',
      '/notifyUrl',
      'Write an https address without a query, which the internet can reach.',
    );
  if (!settings.platformKeys.has(settings.encryptWith))
    throw unprocessable(
      'platform_key_missing',
      '/encryptWith',
      'Name one of the platform keys that are configured, such as PUB_KEY_ID_0114232134912410000000000000.',
    );
  if (settings.apiV3Key.symmetricKeySize !== 32)
    throw unprocessable('api_v3_key_length', '/apiV3Key', 'Write the 32 bytes set on the merchant platform.');
  const goods = [...settings.goods].length;
  if (goods < 1 || goods > 32)
    throw unprocessable(
      'goods_length',
      '/goods',
      'Write what is bought in 1 to 32 characters, such as 塑料瓶.',
    );
};
