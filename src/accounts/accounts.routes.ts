import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reader } from '../db/reader.ts';
import { PageQuery, pageOf, readCursor, toPage } from '../http/page.ts';
import { route } from '../http/route.ts';
import { notFound, unprocessable } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { instant } from '../kernel/time.ts';
import { Currency, Id, MAX_INTEGER, queryInteger } from '../kernel/values.ts';
import { ACCOUNT_KINDS, type AccountKind, type IncomeKind } from '../kernel/vocabulary.ts';
import type { Caller } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { type Queryable, readFactsAt } from '../ledger/store.ts';
import type { Posting } from '../lots/lots.tables.ts';
import { maySee } from '../registry/access.ts';
import { hiddenPeople } from '../registry/people.queries.ts';
import { findById } from '../registry/registry.queries.ts';
import { findAccount, findAccounts, listAccounts, postingsOf, trialBalance } from './accounts.queries.ts';
import {
  AccountStatement,
  AccountView,
  CollectorStatement,
  type PostingView,
  TrialBalanceView,
} from './accounts.schema.ts';
import type { Account } from './accounts.tables.ts';
import { idOfAccount } from './book.ts';
import { INCOME, type Income, owedIncome } from './income.ts';

const tag = 'accounts';
const IdParams = z.object({ id: Id });
/** Whoever keeps or checks the books. */
const BOOKKEEPERS = ['operator', 'payer', 'auditor'] as const;

export type AccountDeps = {
  db: Reader;
  pool: Queryable;
  keyring: Keyring;
  programme: { currency: string };
};

/** The newest come first: a cursor counts down from the end. */
const lineCursor = (query: PageQuery): { before: number; limit: number } => {
  const { after, limit } = readCursor(query);
  return { before: after < 0 ? MAX_INTEGER : MAX_INTEGER - after, limit };
};

/** What moved an account, from the facts themselves. */
const linesOf = async (
  deps: AccountDeps,
  rows: readonly Posting[],
): Promise<z.input<typeof PostingView>[]> => {
  const facts = await readFactsAt(
    deps.pool,
    sha256,
    deps.keyring,
    rows.map(({ seq }) => seq),
  );
  return rows.map(({ account, seq, delta, after }) => {
    const { type, at, private: more } = facts.get(seq)!.fact;
    const income = earnedBy(type, more, account);
    const subjectId = (more.id ?? more.orderId ?? null) as string | null;
    return { seq, at: instant(at), type, subjectId, delta, after, ...income, ...withheldBy(more, account) };
  });
};

/** What a fact says an account earned by it: a weigh-in in parts, a distribution or a gift of the fund whole. */
const earnedBy = (type: string, more: Record<string, unknown>, account: string): { income?: [...Income] } => {
  const { pricing, earned = [], credits = [], income: kind = INCOME.premium } = more as Earning;
  const mine = earned.find(({ accountId }) => accountId === account);
  if (pricing !== undefined && mine !== undefined)
    return { income: owedIncome(pricing, mine).filter(({ amount }) => amount > 0) };
  const credited = credits.find(({ accountId }) => accountId === account);
  if (credited === undefined) return {};
  return { income: [{ kind: type.startsWith('fund-gift.') ? 'gift' : kind, amount: credited.amount }] };
};

/** What a fact withheld of what an account earned. */
const withheldBy = (more: Record<string, unknown>, account: string) => {
  const { tax = [] } = more as Earning;
  const withheld = tax.find(({ accountId }) => accountId === account);
  if (withheld === undefined) return {};
  return { tax: { vat: withheld.vat, incomeTax: withheld.incomeTax + withheld.flat } };
};
type Earning = {
  pricing?: { income?: { base: IncomeKind; premium: IncomeKind } };
  earned?: { accountId: string; base: number; premium: number; waits: number }[];
  tax?: { accountId: string; vat: number; incomeTax: number; flat: number }[];
  credits?: { accountId: string; amount: number }[];
  income?: IncomeKind;
};

/** The accounts of one person that can be, by kind. */
const PERSONAL = ['payable', 'provisional', 'suspense', 'overpaid'] as const;

export const accountRoutes = (app: FastifyInstance, deps: AccountDeps): void => {
  route(app, {
    method: 'GET',
    url: '/v1/accounts',
    operationId: 'listAccounts',
    tag,
    summary: { en: 'List accounts and their balances', zh: '列出账户及余额' },
    access: BOOKKEEPERS,
    query: PageQuery.extend({ kind: z.enum(ACCOUNT_KINDS).optional(), siteId: Id.optional() }),
    response: pageOf(AccountView),
    handler: async ({ query, ...http }) => {
      const { after, limit } = readCursor(query);
      const rows = await listAccounts(deps.db, query, after, limit);
      return toPage(
        rows,
        limit,
        (row) => row.place,
        ({ place: _, ...account }) => account,
        http,
      );
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/accounts/trial-balance',
    operationId: 'getTrialBalance',
    tag,
    summary: {
      en: 'Do all debits equal all credits, now or after any entry',
      zh: '试算平衡，可查任一账本位置',
    },
    access: [...BOOKKEEPERS, 'fund', 'regulator', 'certifier'],
    query: z.strictObject({ asOfSeq: queryInteger(0, MAX_INTEGER).optional() }),
    response: TrialBalanceView,
    errors: { 422: 'asOfSeq lies beyond the end of the ledger' },
    handler: async ({ query }) => {
      const balance = await trialBalance(deps.pool, query.asOfSeq);
      if (balance === null)
        throw unprocessable('beyond_head', '/querystring/asOfSeq', 'lies beyond the end of the ledger');
      const { asOfSeq, items } = balance;
      return {
        asOfSeq,
        items: items.map((item) => ({ ...item, asOfSeq, difference: item.debit - item.credit })),
      };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/accounts/:id/statement',
    operationId: 'getAccountStatement',
    tag,
    summary: { en: 'What moved an account', zh: '账户明细' },
    access: BOOKKEEPERS,
    params: IdParams,
    query: PageQuery,
    response: AccountStatement,
    handler: async ({ params, query, ...http }) => {
      const account = await findAccount(deps.db, params.id);
      if (account === undefined) throw notFound('account');
      const { before, limit } = lineCursor(query);
      const rows = await postingsOf(deps.db, account.id, before, limit);
      const { items, nextCursor } = toPage(rows, limit, cursorOf, (row) => row, http);
      return { account, items: await linesOf(deps, items), nextCursor };
    },
  });
  route(app, {
    method: 'GET',
    url: '/v1/collectors/:id/statement',
    operationId: 'getCollectorStatement',
    tag,
    summary: { en: 'What a collector earned, was paid and is owed', zh: '收集员对账单：所得、已付、应付' },
    access: ['operator', 'station', 'payer', 'auditor'],
    params: IdParams,
    query: PageQuery.extend({ currency: Currency.optional() }),
    response: CollectorStatement,
    handler: async ({ params, query, caller, ...http }) => {
      await assertVisible(deps, caller, params.id);
      const currency = query.currency ?? deps.programme.currency;
      const idOf = (kind: AccountKind): string =>
        idOfAccount(deps.keyring, { kind, currency, of: { personId: params.id } });
      const found = await findAccounts(deps.db, PERSONAL.map(idOf));
      const standing = (kind: AccountKind): Account | undefined => found.find(({ id }) => id === idOf(kind));
      const { before, limit } = lineCursor(query);
      const rows = await postingsOf(deps.db, idOf('payable'), before, limit);
      const { items, nextCursor } = toPage(rows, limit, cursorOf, (row) => row, http);
      const lines = await linesOf(deps, items);
      return {
        collectorId: params.id,
        balances: [
          {
            currency,
            owed: 0 - (standing('payable')?.balance ?? 0),
            inPayment: standing('payable')?.held ?? 0,
            provisional: 0 - (standing('provisional')?.balance ?? 0),
            inSuspense: 0 - (standing('suspense')?.balance ?? 0),
            overpaid: standing('overpaid')?.balance ?? 0,
          },
        ],
        items: lines.map((line) => ({ ...line, currency, delta: 0 - line.delta, after: 0 - line.after })),
        nextCursor,
      };
    },
  });
};

const cursorOf = ({ seq }: Posting): number => MAX_INTEGER - seq;

/** 404 for a collector nobody knows, another's, or one whose data is restricted. */
export const assertVisible = async (
  deps: Pick<AccountDeps, 'db'>,
  caller: Caller,
  id: string,
): Promise<void> => {
  const collector = await findById(deps.db, 'collectors', id);
  const mine =
    collector !== undefined &&
    (caller.role === 'payer' || maySee(caller, collector.organisationId ?? '', collector.siteId));
  if (!mine || (await hiddenPeople(deps.db, caller, [id])).has(id)) throw notFound('collector');
};
