import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route, type WriteDeps, write } from '../http/route.ts';
import { unprocessable } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import type { Caller } from '../ledger/fact.ts';
import { type Queryable, readFactsAt, readHead } from '../ledger/store.ts';
import { depositToFund, FUND_KEEPERS, nameHolder } from './fund.operations.ts';
import {
  type DepositRow,
  depositsBefore,
  fundAccounts,
  fundSums,
  type GivenRow,
  givenBefore,
  holderAt,
} from './fund.queries.ts';
import {
  DepositAnswer,
  DepositRequest,
  FundView,
  HolderAnswer,
  HolderRequest,
  PublicDeposit,
  PublicGift,
} from './fund.schema.ts';

const tag = 'fund';
/** Of each list, so many stand in the overview. */
const NEWEST = 100;

export type FundDeps = WriteDeps & {
  db: Reader;
  pool: Queryable;
  programme: { operatorId: string; timeZone: string; currency: string };
  follower: { catchUp(): Promise<void>; reaches(seq: number): Promise<boolean> };
  distributions: { catchUp(): Promise<void> };
};

const SEES_ACCOUNTS: readonly (Caller['role'] | undefined)[] = [...FUND_KEEPERS, 'auditor'];

const toDeposit = ({ amount, currency, ...row }: DepositRow): z.input<typeof PublicDeposit> => ({
  ...row,
  amount: { amount, currency },
});
const toGift = ({ amount, currency, ...row }: GivenRow): z.input<typeof PublicGift> => ({
  ...row,
  amount: { amount, currency },
});

const byPosition = ({ seq }: { seq: number }): number => seq;

/** Newest first: the cursor is the position of the last that was shown. */
const beforeCursor = (query: PageQuery): { before: number; limit: number } => {
  const { after, limit } = readCursor(query);
  return { before: after < 0 ? MAX_INTEGER : after, limit };
};

export const fundRoutes = (app: FastifyInstance, deps: FundDeps): void => {
  const { keyring, pool, programme } = deps;
  route(app, {
    method: 'POST',
    url: '/v1/fund/holder',
    operationId: 'nameFundHolder',
    tag,
    summary: { en: 'Name the organisation that holds the fund by law', zh: '指定共富基金的法定持有主体' },
    access: ['operator'],
    body: HolderRequest,
    response: HolderAnswer,
    status: 201,
    errors: { 422: 'No such organisation, a natural person, or a name without consent' },
    example: {
      organisationId: '0198f3a2-1c7e-7d1a-9c4e-2f60c1b7a001',
      publicName: '蓝碳惠民共富基金会',
      consent: '授权书 2026-11',
    },
    handler: ({ body, ...from }) => write(deps, nameHolder(programme), body, from),
  });
  route(app, {
    method: 'POST',
    url: '/v1/fund/deposits',
    operationId: 'depositToFund',
    tag,
    summary: { en: 'Money came to the fund from outside the trade with plastic', zh: '共富基金外部入账' },
    access: FUND_KEEPERS,
    body: DepositRequest,
    response: DepositAnswer,
    status: 201,
    errors: { 409: 'Nobody holds the fund yet' },
    example: { source: 'carbon-trade', amount: { amount: 10_050_000, currency: 'CNY' } },
    handler: ({ body, ...from }) => write(deps, depositToFund(keyring, programme), body, from),
  });
  route(app, {
    method: 'GET',
    url: '/v1/fund',
    operationId: 'getFund',
    tag,
    summary: {
      en: 'What the fund has, where it came from and what it gave, now or after any entry',
      zh: '共富基金余额、来源与分配，可查任一账本位置',
    },
    access: 'public',
    mayIdentify: true,
    query: z.strictObject({ asOfSeq: queryInteger(0, MAX_INTEGER).optional() }),
    response: FundView,
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: async ({ query, caller }) => {
      if (query.asOfSeq === undefined) await deps.distributions.catchUp();
      const last = (await readHead(pool)).size - 1;
      const asOfSeq = query.asOfSeq ?? last;
      if (asOfSeq > last)
        throw unprocessable('beyond_head', '/querystring/asOfSeq', 'lies beyond the end of the ledger');
      const { at } = (await readFactsAt(pool, sha256, keyring, [asOfSeq])).get(asOfSeq)!.fact;
      const newest = { before: asOfSeq + 1, limit: NEWEST };
      const [holder, items, deposits, gifts, accounts] = await Promise.all([
        holderAt(pool, asOfSeq),
        fundSums(pool, { asOfSeq, at, timeZone: programme.timeZone }),
        depositsBefore(pool, newest),
        givenBefore(pool, newest),
        SEES_ACCOUNTS.includes((caller as Caller | null)?.role) ? fundAccounts(pool, asOfSeq) : null,
      ]);
      return {
        ...{ asOfSeq, holder: holder ?? null, items, accounts },
        deposits: deposits.slice(0, NEWEST).map(toDeposit),
        distributions: gifts.slice(0, NEWEST).map(toGift),
      };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/fund/deposits',
    operationId: 'listFundDeposits',
    tag,
    summary: { en: 'What came to the fund from elsewhere, newest first', zh: '共富基金外部入账明细' },
    access: 'public',
    query: PageQuery,
    response: pageOf(PublicDeposit),
    handler: async ({ query, ...http }) => {
      const page = beforeCursor(query);
      return toPage(await depositsBefore(pool, page), page.limit, byPosition, toDeposit, http);
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/fund/distributions',
    operationId: 'listFundDistributions',
    tag,
    summary: { en: 'What the fund gave, in money and in kind, newest first', zh: '共富基金分配明细' },
    access: 'public',
    query: PageQuery,
    response: pageOf(PublicGift),
    handler: async ({ query, ...http }) => {
      const page = beforeCursor(query);
      return toPage(await givenBefore(pool, page), page.limit, byPosition, toGift, http);
    },
  });
};
