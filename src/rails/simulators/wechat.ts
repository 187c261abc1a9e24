import { createSecretKey, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Random } from '../../kernel/time.ts';
import type { WechatSettings } from '../wechat.ts';
import { type Refusal, type SimulatedBill, SimulatedBooks } from './wechat-bills.ts';
import { isSignedBy, openedField, rsaPair, sealedResource, signedHeaders } from './wechat-seals.ts';

/**
 * What goes wrong with one request. `lost-…`: the connection is cut after or before anything was done. `error-…`: 500
 * with SYSTEM_ERROR, signed. `gateway`: 502 from something that signs nothing. `limited`: 429, signed. `slow`: done
 * at once, answered late. `forged`: done, and the answer signed with a key that is not the platform's. `unsigned`,
 * `stale`, `garbage` (signed, but no JSON): likewise. `another`: the signed answer to another bill.
 */
export const BAD_DAYS = [
  ...(['lost-after', 'lost-before', 'error-after', 'error-before', 'gateway', 'limited', 'slow'] as const),
  ...(['forged', 'unsigned', 'stale', 'garbage', 'another'] as const),
];
export type BadDay = (typeof BAD_DAYS)[number];

/** A notification as it goes out; it is signed anew at every delivery. */
export type SimulatedNotification = { url: string; body: string };

export type Delivery = {
  /** One byte of the sealed resource is changed after signing. */
  tampered?: boolean;
  /** Signed with a key that is not the platform's. */
  forged?: boolean;
  /** Milliseconds; signed as of then instead of now. */
  signedAt?: number;
};

export type WechatSimulator = {
  url: string;
  /** What our side needs to talk to it; `notifyUrl`, `goods` are the caller's. */
  settings(notifyUrl: string): WechatSettings;
  books: SimulatedBooks;
  /** What happens to the next requests, first come first; empty: a good day. */
  script: (BadDay | 'good')[];
  /** Milliseconds a slow answer takes. */
  slowness: number;
  /** Requests with a right signature, in order. */
  requests: { method: string; path: string }[];
  /** Notifications of bills that ended, oldest first. Nobody sends them but the caller. */
  outbox: SimulatedNotification[];
  /** Delivers over HTTP. Resolves to whether the other side took it with a 2xx. */
  deliver(notification: SimulatedNotification, how?: Delivery): Promise<boolean>;
  stop(): Promise<void>;
};

const PATH = '/v3/fund-app/mch-transfer/transfer-bills';
const SERIAL = 'PUB_KEY_ID_0110000000002026112400000000000001';

type Answer = { status: number; body: string };

/** A WeChat Pay on the loopback, with keys of its own made at the start. Time and chance are the caller's. */
export const startWechatSimulator = async (means: {
  now: Clock;
  random: Random;
}): Promise<WechatSimulator> => {
  const [platform, merchantKeys, stranger] = [rsaPair(), rsaPair(), rsaPair()];
  const apiV3Key = createSecretKey(Buffer.from(means.random(32)));
  const merchant = {
    id: '1900000001',
    serial: '5157F09EFDC096DE15EBE81A47057A72',
    appId: 'wx0000000000000001',
  };
  const nonce = (): string => Buffer.from(means.random(16)).toString('hex');
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  const outbox: SimulatedNotification[] = [];
  const books = new SimulatedBooks((bill) => {
    const content = billBody(bill, merchant.id);
    const body = {
      id: `EV-${bill.wechatNumber}`,
      create_time: at(bill.updatedAt),
      resource_type: 'encrypt-resource',
      event_type: 'MCHTRANSFER.BILL.FINISHED',
      summary: '商家转账单据终态通知',
      resource: sealedResource(apiV3Key, content, means.random),
    };
    outbox.push({ url: bill.notifyUrl, body: JSON.stringify(body) });
  });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const [method, path] = [request.method ?? '', request.url ?? ''];
    const authorization = request.headers.authorization ?? '';
    const mine = { ...merchant, publicKey: merchantKeys.publicKey };
    // As the real one: whoever signs wrongly gets an answer nobody signed.
    if (!isSignedBy({ method, url: path, authorization, body }, mine, means.now())) {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"code":"SIGN_ERROR"}');
      return;
    }
    simulator.requests.push({ method, path });
    const day = simulator.script.shift() ?? 'good';
    if (day === 'lost-before') {
      request.socket.destroy();
      return;
    }
    if (day === 'gateway') {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
      return;
    }
    let answer: Answer = error(500, 'SYSTEM_ERROR');
    if (day === 'limited') answer = error(429, 'FREQUENCY_LIMITED');
    else if (day !== 'error-before') answer = act(method, path, body, request.headers['wechatpay-serial']);
    if (day === 'lost-after') {
      request.socket.destroy();
      return;
    }
    if (day === 'error-after') answer = error(500, 'SYSTEM_ERROR');
    if (day === 'another') answer = { status: 200, body: anotherBill(answer.body) };
    if (day === 'garbage') answer = { status: 200, body: '{"out_bill_no":' };
    if (day === 'slow') await wait(simulator.slowness);
    const time = day === 'stale' ? means.now() - 301_000 : means.now();
    const key = day === 'forged' ? stranger.privateKey : platform.privateKey;
    const headers = day === 'unsigned' ? {} : signedHeaders(key, SERIAL, answer.body, seconds(time), nonce());
    response.writeHead(answer.status, { 'content-type': 'application/json', ...headers }).end(answer.body);
  };

  const act = (method: string, path: string, body: string, sealedFor: unknown): Answer => {
    const now = means.now();
    if (method === 'POST' && path === PATH) {
      const read = readRequest(body, sealedFor, platform.privateKey, merchant.appId);
      if (read === undefined) return error(400, 'PARAM_ERROR');
      return answered(books.create(read, now), (bill) => ({
        out_bill_no: bill.number,
        transfer_bill_no: bill.wechatNumber,
        create_time: at(bill.createdAt),
        state: bill.state,
        ...(bill.state === 'WAIT_USER_CONFIRM' ? { package_info: `package-${bill.wechatNumber}` } : {}),
      }));
    }
    const [, number, cancel] = /\/out-bill-no\/([0-9A-Za-z]{1,32})(\/cancel)?$/.exec(path) ?? [];
    if (number === undefined) return error(404, 'RESOURCE_NOT_EXISTS');
    if (method === 'GET' && cancel === undefined)
      return answered(books.query(number, now), (bill) => billBody(bill, merchant.id));
    if (method === 'POST' && cancel !== undefined)
      return answered(books.cancel(number, now), (bill) => ({
        out_bill_no: bill.number,
        transfer_bill_no: bill.wechatNumber,
        state: bill.state,
        update_time: at(bill.updatedAt),
      }));
    return error(405, 'INVALID_REQUEST');
  };

  const server = createServer((request, response) => {
    // A caller who hung up while we were slow.
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const simulator: WechatSimulator = {
    url,
    settings: (notifyUrl) => ({
      baseUrl: url,
      merchantId: merchant.id,
      appId: merchant.appId,
      serial: merchant.serial,
      key: merchantKeys.privateKey,
      platformKeys: new Map([[SERIAL, platform.publicKey]]),
      encryptWith: SERIAL,
      apiV3Key,
      notifyUrl,
      goods: '塑料瓶',
      maximum: 1_000_000,
    }),
    books,
    script: [],
    slowness: 500,
    requests: [],
    outbox,
    deliver: async (notification, how = {}) => {
      const key = how.forged ? stranger.privateKey : platform.privateKey;
      const time = seconds(how.signedAt ?? means.now());
      const headers = { ...signedHeaders(key, SERIAL, notification.body, time, nonce()) };
      const body = how.tampered ? tampered(notification.body) : notification.body;
      const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
      return (await fetch(notification.url, init)).ok;
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return simulator;
};

const at = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');

const error = (status: number, code: string): Answer => ({
  status,
  body: JSON.stringify({ code, message: '仅供人工定位问题时参考' }),
});

const answered = (result: SimulatedBill | Refusal, shape: (bill: SimulatedBill) => object): Answer =>
  'code' in result ? error(result.status, result.code) : { status: 200, body: JSON.stringify(shape(result)) };

const billBody = (bill: SimulatedBill, merchantId: string): object => ({
  mch_id: merchantId,
  out_bill_no: bill.number,
  transfer_bill_no: bill.wechatNumber,
  state: bill.state,
  transfer_amount: bill.amount,
  openid: bill.openid,
  create_time: at(bill.createdAt),
  update_time: at(bill.updatedAt),
  ...(bill.failReason === undefined ? {} : { fail_reason: bill.failReason }),
});

const anotherBill = (body: string): string =>
  JSON.stringify({ ...JSON.parse(body), out_bill_no: 'AnotherBill', state: 'SUCCESS' });

const tampered = (body: string): string => {
  const parsed = JSON.parse(body);
  const text: string = parsed.resource.ciphertext;
  parsed.resource.ciphertext = `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
  return JSON.stringify(parsed);
};

/** The content of a request, or undefined where the documentation asks for something else. */
const readRequest = (body: string, sealedFor: unknown, key: KeyObject, appId: string) => {
  const sent = JSON.parse(body);
  const { out_bill_no, openid, transfer_amount, transfer_remark, notify_url } = sent;
  const report = sent.transfer_scene_report_infos;
  const scene =
    sent.transfer_scene_id === '1010' &&
    (sent.user_recv_perception === undefined || sent.user_recv_perception === '二手回收货款') &&
    Array.isArray(report) &&
    report.length === 1 &&
    report[0].info_type === '回收商品名称' &&
    fits(report[0].info_content, 32);
  const name =
    sent.user_name === undefined || sealedFor !== SERIAL ? undefined : openedField(key, sent.user_name);
  const named = sent.user_name === undefined ? transfer_amount < 200_000 : name !== undefined;
  const right =
    sent.appid === appId &&
    /^[0-9A-Za-z]{1,32}$/.test(out_bill_no) &&
    fits(openid, 64) &&
    fits(transfer_remark, 32) &&
    Number.isSafeInteger(transfer_amount) &&
    transfer_amount >= 10;
  if (!scene || !named || !right) return undefined;
  return {
    number: out_bill_no as string,
    openid: openid as string,
    amount: transfer_amount as number,
    notifyUrl: notify_url as string,
    content: JSON.stringify([openid, transfer_amount, name ?? null, transfer_remark, report]),
    ...(name === undefined ? {} : { name }),
  };
};

const fits = (text: unknown, most: number): boolean =>
  typeof text === 'string' && text.length > 0 && [...text].length <= most;
