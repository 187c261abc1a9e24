import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Receipt, route, type WriteDeps, write } from '../http/route.ts';
import { unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { Currency, Day, Id, MAX_INTEGER, Money, text } from '../kernel/values.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { actorOf } from '../registry/actor.ts';
import { organisations, sites } from '../registry/registry.tables.ts';
import { type AccountIds, type AccountRef, BookEntry, openBook, post } from './book.ts';

/** Between accounts of the programme itself; what is owed to people moves by facts of its own. */
const OF_ORGANISATIONS = [
  ...(['bank', 'rail', 'capital', 'creditors', 'operator-share', 'write-offs', 'unmatched'] as const),
  ...(['vat-payable', 'tax-withheld'] as const),
] as const;
const OF_SITES = ['goods', 'float-differences'] as const;

const End = z.union([
  z.strictObject({ kind: z.enum(OF_ORGANISATIONS), organisationId: Id.optional() }),
  z.strictObject({ kind: z.enum(OF_SITES), siteId: Id }),
]);
type End = z.infer<typeof End>;

const TransferRequest = z.strictObject({
  id: Id.optional(),
  from: End.meta({ description: 'The account that gives; of the operator unless said.' }),
  to: End,
  amount: Money.refine(({ amount }) => amount > 0, 'must be more than 0'),
  reference: text(120).optional().meta({ description: 'Of the bank, or a voucher.' }),
});
type TransferRequest = z.infer<typeof TransferRequest>;
const TransferAnswer = z.object({ id: Id, amount: Money, receipt: Receipt }).meta({ id: 'FundsTransferred' });

const Transferred = z.strictObject({
  id: Id,
  keyId: Id,
  holder: text(120),
  amount: z.int().min(1).max(MAX_INTEGER),
  currency: Currency,
  reference: text(120).optional(),
  book: BookEntry,
});

/** No amount of the programme's own money is public. */
export const fundsTransferred: FactType<{ day: string }, z.infer<typeof Transferred>> = {
  type: 'funds.transferred.v1',
  title: { en: 'Funds moved between accounts of the programme', zh: '自有账户间划转' },
  data: z.strictObject({ day: Day }),
  private: Transferred,
  grams: 'none',
  fen: 'From one account of the programme to another.',
  backPointers: [],
  apply(world, { seq, private: { book } }) {
    post(world, seq, book);
  },
};

type Programme = { operatorId: string; timeZone: string };

/** 422 for an organisation or a site nobody registered. */
const refOf = (world: World, end: End, currency: string, operatorId: string, pointer: string): AccountRef => {
  if ('siteId' in end) {
    if (world.get(sites, end.siteId) === undefined)
      throw unprocessable('unknown_site', `${pointer}/siteId`, 'no such site');
    return { kind: end.kind, currency, of: { siteId: end.siteId } };
  }
  const organisationId = end.organisationId ?? operatorId;
  if (world.get(organisations, organisationId) === undefined)
    throw unprocessable('unknown_organisation', `${pointer}/organisationId`, 'no such organisation');
  return { kind: end.kind, currency, of: { organisationId } };
};

/**
 * Moves funds between accounts of the programme. 409 `beyond_balance` where the bank or a rail would give more than it has.
 * @param ids names the accounts
 */
export const transferFunds = (
  ids: AccountIds,
  programme: Programme,
): Operation<TransferRequest, { id: string; amount: z.infer<typeof Money> }> => ({
  name: 'funds.transfer',
  roles: ['operator', 'payer'],
  status: 201,
  decide(world, { from, to, amount: { amount, currency }, reference }, { caller, id, now }) {
    const ends = [
      refOf(world, from, currency, programme.operatorId, '/from'),
      refOf(world, to, currency, programme.operatorId, '/to'),
    ] as const;
    const book = openBook(world, ids, ends);
    book.credit(ends[0], amount);
    book.debit(ends[1], amount);
    const entry = book.close();
    if (entry === undefined) throw unprocessable('same_account', '/to', 'must be another account');
    return draft({
      type: fundsTransferred,
      ...actorOf(world, caller, programme),
      data: { day: dayIn(programme.timeZone, now) },
      private: {
        ...{ id, keyId: caller.keyId, holder: caller.holder, amount, currency },
        ...(reference === undefined ? {} : { reference }),
        book: entry,
      },
    });
  },
  answer: ({ private: { id, amount, currency } }) => ({ id, amount: { amount, currency } }),
});

export const transferRoute = (app: FastifyInstance, deps: WriteDeps & { programme: Programme }): void => {
  const transfer = transferFunds(deps.keyring, deps.programme);
  route(app, {
    method: 'POST',
    url: '/v1/transfers',
    operationId: 'transferFunds',
    tag: 'accounts',
    summary: { en: 'Move funds between accounts of the programme', zh: '自有账户间划转资金' },
    access: ['operator', 'payer'],
    body: TransferRequest,
    response: TransferAnswer,
    status: 201,
    errors: { 409: 'The bank or rail has less than that', 422: 'Unknown owner, or the same account' },
    example: {
      from: { kind: 'capital' },
      to: { kind: 'bank' },
      amount: { amount: 10_000_000, currency: 'CNY' },
      reference: '拨款 2026-11',
    },
    handler: ({ body, ...from }) => write(deps, transfer, body, from),
  });
};
