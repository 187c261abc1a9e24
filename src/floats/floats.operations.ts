import { accounts } from '../accounts/accounts.tables.ts';
import { type AccountIds, type AccountRef, idOfAccount, openBook } from '../accounts/book.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn, instant } from '../kernel/time.ts';
import { type AnyFact, type Caller, draft, type Operation } from '../ledger/fact.ts';
import { people } from '../ledger/tables.ts';
import type { World } from '../ledger/world.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { collectors } from '../registry/registry.tables.ts';
import { differencesRef, floatRef, payCash } from './cash.ts';
import { cashPaid, floatCapped, floatCounted, floatMoved } from './floats.facts.ts';
import type {
  CashCountRequest,
  CashPaymentRequest,
  FloatCapRequest,
  FloatMovementRequest,
  FloatRequest,
} from './floats.schema.ts';
import { type CashFloat, cashFloats } from './floats.tables.ts';

type Money = { amount: number; currency: string };
export type FloatAnswer = { id: string; balance: Money };
/** Read before the door: what moved after the cut-off, in minor units, and the last fact that changed the account then. */
export type MovedSince = { lastSeq: number; delta: number };

/** Who handles cash at a station, and who brings it there. */
export const KEEPERS = ['operator', 'payer', 'station', 'warehouse'] as const;
export const CASHIERS = ['operator', 'payer'] as const;

const floatFound = (world: World, caller: Caller, id: string): CashFloat => {
  const float = world.get(cashFloats, id);
  const mine =
    float !== undefined && (caller.role === 'payer' || mayReach(caller, float.organisationId, float.siteId));
  if (!mine) throw notFound('cash float');
  return float;
};

/** A payer brings cash to every site. */
const asCashier = (caller: Caller): Caller =>
  caller.role === 'payer' ? { ...caller, role: 'operator' } : caller;

const assertCurrency = (float: CashFloat, { currency }: Money, pointer: string): void => {
  if (currency !== float.currency)
    throw unprocessable('currency_mix', `${pointer}/currency`, `must be ${float.currency}, as the float is`);
};

/** What is told of cash may not lie ahead. @returns milliseconds */
const momentIn = (told: string | undefined, now: number, pointer: string): number => {
  const at = told === undefined ? now : Date.parse(told);
  if (at > now + 10 * 60_000) throw unprocessable('in_the_future', pointer, 'must not lie in the future');
  return at;
};

/**
 * @param ids names the accounts
 * @param programme whose operator has the bank account, and whose time zone days are told in
 */
export const floatOperations = (ids: AccountIds, programme: { operatorId: string; timeZone: string }) => {
  const move = (
    world: World,
    {
      site,
      amount: { amount, currency },
      from,
      movedAt,
      reference,
    }: FloatMovementRequest & {
      site: { id: string; organisationId: string };
    },
    { caller, now }: { caller: Caller; now: number },
  ) => {
    const ref = floatRef(site.id, currency);
    const at = momentIn(movedAt, now, '/movedAt');
    const book = openBook(world, ids);
    const source: AccountRef = { kind: from, currency, of: { organisationId: programme.operatorId } };
    book.debit(ref, amount);
    book.credit(source, amount);
    const { balance } = book.standing(ref);
    // Cash can only be taken out where there is some; what was paid at the quay is another thing.
    if (amount < 0 && balance < 0)
      throw conflict('beyond_balance', 'There is less cash in this float than that.', {
        balance: balance - amount,
      });
    return draft({
      type: floatMoved,
      ...actorOf(world, caller, programme),
      data: { siteId: site.id, day: dayIn(programme.timeZone, at) },
      private: {
        ...{ keyId: caller.keyId, holder: caller.holder, floatId: idOfAccount(ids, ref) },
        ...{ organisationId: site.organisationId, currency, delta: amount, balance, movedAt: instant(at) },
        ...(reference === undefined ? {} : { reference }),
        book: book.close()!,
      },
    });
  };
  const moved = ({ private: { floatId, balance, currency } }: AnyFact): FloatAnswer => ({
    id: floatId,
    balance: { amount: balance, currency },
  });

  const openFloat: Operation<FloatRequest, FloatAnswer> = {
    name: 'cash-float.open',
    roles: CASHIERS,
    status: 201,
    decide(world, { siteId, ...input }, context) {
      const { caller } = context;
      const site = reachableSite(world, asCashier(caller), siteId);
      const id = idOfAccount(ids, floatRef(siteId, input.amount.currency));
      if (world.get(cashFloats, id) !== undefined)
        throw conflict('float_exists', 'This site has a float already; put cash into it.', { floatId: id });
      return move(world, { ...input, site }, context);
    },
    answer: moved,
  };
  const moveFloat: Operation<FloatMovementRequest & { floatId: string }, FloatAnswer> = {
    name: 'cash-float.move',
    roles: CASHIERS,
    status: 201,
    decide(world, { floatId, ...input }, context) {
      const float = floatFound(world, context.caller, floatId);
      assertCurrency(float, input.amount, '/amount');
      const site = { id: float.siteId, organisationId: float.organisationId };
      return move(world, { ...input, site }, context);
    },
    answer: moved,
  };
  const capFloat: Operation<FloatCapRequest & { floatId: string }, { id: string }> = {
    name: 'cash-float.cap',
    roles: CASHIERS,
    status: 201,
    decide(world, { floatId, personDayCap }, { caller, now }) {
      const float = floatFound(world, caller, floatId);
      if (personDayCap !== null) assertCurrency(float, personDayCap, '/personDayCap');
      return draft({
        type: floatCapped,
        ...actorOf(world, caller, programme),
        data: { siteId: float.siteId, day: dayIn(programme.timeZone, now) },
        private: { keyId: caller.keyId, floatId, personDayCap: personDayCap?.amount ?? null },
      });
    },
    answer: ({ private: more }) => ({ id: more.floatId }),
  };
  const countFloat: Operation<
    CashCountRequest & { floatId: string; since: MovedSince | null },
    { id: string; counted: Money; expected: Money; difference: Money }
  > = {
    name: 'cash-float.count',
    roles: KEEPERS,
    status: 201,
    decide(world, { floatId, since, id: _, counted, countedAt, shift, note }, { caller, id, now }) {
      const float = floatFound(world, caller, floatId);
      assertCurrency(float, counted, '/counted');
      const at = momentIn(countedAt, now, '/countedAt');
      const account = world.get(accounts, floatId)!;
      if (since?.lastSeq !== account.lastSeq)
        throw conflict('balance_moved', 'The float moved while this was being prepared; send it again.');
      const expected = account.balance - since.delta;
      const book = openBook(world, ids);
      const { siteId, currency } = float;
      book.debit(floatRef(siteId, currency), counted.amount - expected);
      book.credit(differencesRef(siteId, currency), counted.amount - expected);
      const entry = book.close();
      return draft({
        type: floatCounted,
        ...actorOf(world, caller, programme),
        data: { siteId, day: dayIn(programme.timeZone, at) },
        private: {
          ...{
            countId: id,
            keyId: caller.keyId,
            holder: caller.holder,
            floatId,
            countedAt: instant(at),
            currency,
          },
          ...{ counted: counted.amount, expected },
          ...(shift === undefined ? {} : { shift }),
          ...(note === undefined ? {} : { note }),
          ...(entry === undefined ? {} : { book: entry }),
        },
      });
    },
    answer: ({ private: { countId, counted, expected, currency } }) => ({
      id: countId,
      counted: { amount: counted, currency },
      expected: { amount: expected, currency },
      difference: { amount: counted - expected, currency },
    }),
  };
  const payFromFloat: Operation<
    CashPaymentRequest & { floatId: string },
    { id: string; amount: Money; overpaid: Money }
  > = {
    name: 'cash-float.pay',
    roles: KEEPERS,
    status: 201,
    decide(world, { floatId, collectorId, amount: paid, paidAt, slip }, { caller, id, now }) {
      const float = floatFound(world, caller, floatId);
      assertCurrency(float, paid, '/amount');
      const { siteId, currency } = float;
      const { amount } = paid;
      const collector = world.get(collectors, collectorId);
      const person = world.get(people, collectorId);
      if (collector === undefined || person === undefined || person.wrappedKey === null)
        throw unprocessable('unknown_collector', '/collectorId', 'no such collector; register them first');
      const at = momentIn(paidAt, now, '/paidAt');
      const day = dayIn(programme.timeZone, at);
      const book = openBook(world, ids);
      const of = { personId: collectorId };
      const owed: AccountRef = {
        kind: collector.state === 'unresolved' ? 'suspense' : 'payable',
        currency,
        of,
      };
      const { balance, held } = book.standing(owed);
      const settled = Math.min(amount, Math.max(0, -balance - held));
      book.debit(owed, settled);
      book.debit({ kind: 'overpaid', currency, of }, amount - settled);
      const cash = payCash(world, ids, book, {
        ...{ siteId, currency, paidAt: at, day },
        paid: [{ personId: collectorId, amount }],
      });
      return draft({
        type: cashPaid,
        ...actorOf(world, caller, programme),
        data: { siteId, day },
        private: {
          ...{ id, keyId: caller.keyId, holder: caller.holder, amount, overpaid: amount - settled, currency },
          ...{ cash, book: book.close()! },
        },
        people: [
          { personId: collectorId, part: { collectorId, paidAt, ...(slip === undefined ? {} : { slip }) } },
        ],
      });
    },
    answer: ({ private: { id, amount, overpaid, currency } }) => ({
      id,
      amount: { amount, currency },
      overpaid: { amount: overpaid, currency },
    }),
  };
  return { openFloat, moveFloat, capFloat, countFloat, payFromFloat };
};
