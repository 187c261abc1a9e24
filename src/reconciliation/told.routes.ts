import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { conflict, unprocessable } from '../kernel/errors.ts';
import { Id } from '../kernel/values.ts';
import { findList, type ListDeps } from '../payouts/lists.routes.ts';
import { PAYERS } from '../payouts/orders.operations.ts';
import { ordersWhere } from '../payouts/payouts.queries.ts';
import { ResultsRequest, SignaturesRequest, ToldAnswer } from './reconciliation.schema.ts';
import {
  agrees,
  importResults,
  importSignatures,
  queueNotification,
  settleWaiting,
  type ToldDeps,
} from './told.ts';

const Params = z.object({ id: Id });
const BODY_LIMIT = 4 * 1024 * 1024;
/** A notification has some hundred bytes. */
const NOTIFICATION_LIMIT = 64 * 1024;

export type Logger = { warn(what: object, message: string): void };
export type ToldRouteDeps = ToldDeps & ListDeps & { logger: Logger };

export const toldRoutes = (app: FastifyInstance, deps: ToldRouteDeps): void => {
  const tag = 'payouts';
  route(app, {
    method: 'POST',
    url: '/v1/payout-lists/:id/results',
    operationId: 'importPayoutResults',
    tag,
    summary: {
      en: "Import the bank's results of a file, line by line: of the next day, or what came back later; any number of times",
      zh: '导入银行代发结果或退票（可重复导入）',
    },
    access: PAYERS,
    params: Params,
    body: ResultsRequest,
    response: ToldAnswer,
    errors: { 409: 'A cash list', 422: 'No such file' },
    bodyLimit: BODY_LIMIT,
    example: {
      csv: '业务参考号,金额,状态,原因\n0198f3a21c7e7d1a9c4e2f60c1b7a001,216.04,成功,\n合计,1,,216.04',
    },
    handler: async ({ params, body, caller }) => {
      const list = await findList(deps, params.id);
      if (list.rail !== 'bank')
        throw conflict('cash_list', 'This is a cash list: POST its signatures instead.');
      return importResults(deps, list, body.csv, caller);
    },
  });
  route(app, {
    method: 'POST',
    url: '/v1/payout-lists/:id/signatures',
    operationId: 'recordCashSignatures',
    tag,
    summary: {
      en: 'Record what was signed on a cash list; any number of times',
      zh: '登记现金签领结果（可重复登记）',
    },
    access: PAYERS,
    params: Params,
    body: SignaturesRequest,
    response: ToldAnswer,
    errors: { 409: "A bank's file", 422: 'Another currency, or an unknown representative' },
    bodyLimit: BODY_LIMIT,
    example: {
      entries: [
        {
          orderId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001',
          amount: { amount: 8_230, currency: 'CNY' },
          signed: 'thumb',
          signedAt: '2026-11-25T09:30:00+08:00',
        },
      ],
    },
    handler: async ({ params, body, caller }) => {
      const list = await findList(deps, params.id);
      if (list.rail !== 'cash')
        throw conflict('bank_list', 'This went to the bank: POST its results instead.');
      const entries = body.entries.map(({ amount, paidBy = caller.holder, signedAt, ...entry }, i) => {
        if (amount.currency !== list.currency)
          throw unprocessable(
            'currency_differs',
            `/entries/${i}/amount/currency`,
            `The list is in ${list.currency}.`,
          );
        return { ...entry, amount: amount.amount, paidBy, signedAt: Date.parse(signedAt) };
      });
      return importSignatures(deps, list, entries, caller);
    },
  });
  void app.register(async (scope) => notificationRoute(scope, deps));
};

/** As WeChat Pay wants it: anything but a success of 2xx makes it tell again. */
const failed = (reply: FastifyReply, status: number, message: string): never => {
  void reply.status(status).header('content-type', 'application/json').send({ code: 'FAIL', message });
  return undefined as never;
};

const Notification = z
  .object({
    id: z.string(),
    create_time: z.string().optional(),
    resource_type: z.string().optional(),
    event_type: z.string(),
    summary: z.string().optional(),
    resource: z.object({
      algorithm: z.string(),
      ciphertext: z.string(),
      nonce: z.string(),
      associated_data: z.string().optional(),
    }),
  })
  .meta({ description: 'Signed in the headers Wechatpay-Timestamp, -Nonce, -Signature and -Serial.' });

/** The signature is over the bytes as they came, so in this scope nothing parses them. */
const notificationRoute = (scope: FastifyInstance, deps: ToldRouteDeps): void => {
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  route(scope, {
    method: 'POST',
    url: '/v1/rails/wechat/notifications',
    operationId: 'notifyWechat',
    tag: 'payouts',
    summary: {
      en: 'What WeChat Pay tells of a transfer, signed by it; twice, late and out of order as it likes',
      zh: '接收微信支付商家转账通知（验签）',
    },
    access: 'public',
    body: z.instanceof(Buffer),
    documentedBody: Notification,
    bodyLimit: NOTIFICATION_LIMIT,
    response: z.object({ code: z.literal('SUCCESS'), message: z.string() }),
    refusals: {
      statuses: {
        400: 'Not to be read as a notification',
        401: 'The signature is not WeChat Pay’s, or too old',
        404: 'WeChat Pay is not set up here',
      },
      shape: z.object({ code: z.literal('FAIL'), message: z.string() }),
    },
    example: {
      id: 'EV-2018022511223320873',
      event_type: 'MCHTRANSFER.BILL.FINISHED',
      resource: { algorithm: 'AEAD_AES_256_GCM', ciphertext: 'c2VhbGVk', nonce: 'fdasflkja484' },
    },
    handler: async ({ body, request, reply }) => {
      const rail = deps.payouts.rails.get('wechat');
      if (rail === undefined) return failed(reply, 404, 'WeChat Pay is not set up here.');
      const said = rail.verifyNotification(request.headers, body);
      if (said.kind === 'not-believed') {
        deps.logger.warn({ code: said.code }, 'a notification of WeChat Pay was not believed');
        return failed(reply, said.code === 'unreadable_notification' ? 400 : 401, said.reason);
      }
      const { reference, outcome } = said;
      const find = async () => (await ordersWhere(deps.pool, 'o.reference = $1', [reference], 1))[0];
      const order = await find();
      const news =
        order !== undefined && (await deps.payouts.worker.told(order, reference, 'notification', outcome));
      if (news) await settleWaiting(deps, order.id);
      const now = await find();
      const fits = now !== undefined && !differs(now, outcome) && (news || agrees(now, outcome));
      if (!fits) await queueNotification(deps, said);
      return { code: 'SUCCESS' as const, message: '成功' };
    },
  });
};

const differs = ({ amount }: { amount: number }, said: { amount?: number }): boolean =>
  said.amount !== undefined && said.amount !== amount;
