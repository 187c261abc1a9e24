import { type AccountIds, type AccountRef, openBook } from '../accounts/book.ts';
import { fundAccount } from '../distribution/distribution.operations.ts';
import type { Leaf } from '../distribution/plan.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { byOf, expectAnother } from '../payouts/orders.operations.ts';
import { collectors } from '../registry/registry.tables.ts';
import { FUND_KEEPERS, holderFor, type Programme } from './fund.operations.ts';
import type { GiftRequest } from './fund.schema.ts';
import { type FundGift, fundDeposits, fundGifts, type GiftBasis } from './fund.tables.ts';
import {
  type Committed,
  fundGiftCommitted,
  fundGiftCredited,
  fundGiftDecided,
  fundGiftGiven,
  fundGiftProposed,
} from './gifts.facts.ts';

export type GiftAnswer = {
  id: string;
  state: FundGift['state'];
  amount?: { amount: number; currency: string };
};
/** What was read before the door: the basis with its positions, and how many people it reaches. */
export type ProposeInput = GiftRequest & { read: { basis: GiftBasis; people: number } | null };

const toDistribute = (giftId: string, currency: string): AccountRef => ({
  kind: 'undistributed',
  currency,
  of: { giftId },
});

const giftInPath = (world: World, id: string): FundGift => {
  const gift = world.get(fundGifts, id);
  if (gift === undefined) throw notFound('gift of the fund');
  return gift;
};

const expectState = (gift: FundGift, ...wanted: FundGift['state'][]): void => {
  if (!wanted.includes(gift.state))
    throw conflict(`gift_${gift.state}`, `This gift is ${gift.state}.`, { state: gift.state });
};

/** What is to be given: an amount, or a part of a deposit, rounded down. */
const amountOf = (
  world: World,
  input: GiftRequest,
): { amount: number; currency: string; ofDeposit?: { seq: number; basisPoints: number } } => {
  if (input.kind !== 'money') return input.amount;
  const { amount, ofDeposit } = input;
  if ((amount === undefined) === (ofDeposit === undefined))
    throw unprocessable('amount_or_part', '/amount', 'say either amount or ofDeposit, and not both');
  if (ofDeposit === undefined) return amount!;
  const deposit = world.get(fundDeposits, ofDeposit.depositId);
  if (deposit === undefined)
    throw unprocessable('unknown_deposit', '/ofDeposit/depositId', 'no such deposit of the fund');
  const part = Number((BigInt(deposit.amount) * BigInt(ofDeposit.basisPoints)) / 10_000n);
  if (part === 0) throw unprocessable('nothing_to_give', '/ofDeposit/basisPoints', 'makes less than one fen');
  const { seq, currency } = deposit;
  return { amount: part, currency, ofDeposit: { seq, basisPoints: ofDeposit.basisPoints } };
};

const namedIn = (world: World, input: GiftRequest) => {
  if (input.kind !== 'money' || input.basis.of !== 'shares') return [];
  const { shares } = input.basis;
  world.need(
    collectors,
    shares.map(({ collectorId }) => collectorId),
  );
  return shares.map(({ collectorId, share }, i) => {
    const pointer = `/basis/shares/${i}/collectorId`;
    const state = world.get(collectors, collectorId)?.state;
    if (state === undefined || state === 'unresolved' || state === 'erased')
      throw unprocessable('unknown_collector', pointer, 'no such collector');
    if (shares.findIndex((other) => other.collectorId === collectorId) < i)
      throw unprocessable('duplicate_collector', pointer, 'is named already; add the shares up');
    return { personId: collectorId, part: { collectorId, share } };
  });
};

export const giftOperations = (ids: AccountIds, programme: Programme) => {
  const fundOf = ({ currency }: { currency: string }) => fundAccount(programme.operatorId, currency);
  const dayOf = ({ now }: DecideContext): string => dayIn(programme.timeZone, now);
  const answer = ({
    private: { giftId: id, state, amount, currency },
  }: {
    private: Record<string, unknown>;
  }) => ({ id, state, amount: { amount, currency } }) as GiftAnswer;
  /** What was set aside is the fund's again. */
  const freed = (world: World, gift: FundGift) => {
    const book = openBook(world, ids, [fundOf(gift)]);
    book.hold(fundOf(gift), -gift.amount);
    return book;
  };
  return {
    /** 409 `beyond_balance` where the fund has less than that, `too_few_people`, `fund_without_holder`. */
    propose: {
      name: 'fund-gift.propose',
      roles: FUND_KEEPERS,
      status: 201,
      decide(world, { read, ...input }, context) {
        holderFor(world, context.caller);
        const { amount, currency, ofDeposit } = amountOf(world, input);
        const people = namedIn(world, input);
        const book = openBook(world, ids, [fundOf({ currency })]);
        book.hold(fundOf({ currency }), amount);
        return draft({
          type: fundGiftProposed,
          data: { day: dayOf(context), kind: input.kind },
          private: {
            ...{ giftId: context.id, by: byOf(context.caller), currency, amount },
            ...(ofDeposit === undefined ? {} : { ofDeposit }),
            ...(read === null ? {} : { basis: read.basis }),
            ...(input.kind === 'money' ? {} : { units: input.units, people: input.people }),
            description: input.description,
            ...(input.evidence === undefined ? {} : { evidence: input.evidence }),
            book: book.close()!,
          },
          people,
        });
      },
      answer: (fact) => answer({ private: { ...fact.private, state: 'proposed' } }),
    } as Operation<ProposeInput, GiftAnswer>,

    /** By another than the maker. What is given in kind leaves the fund at once, money once it is worked out. */
    approve: {
      name: 'fund-gift.approve',
      roles: FUND_KEEPERS,
      status: 201,
      decide(world, { giftId, reason }, context) {
        const { organisationId } = holderFor(world, context.caller);
        const gift = giftInPath(world, giftId);
        expectState(gift, 'proposed');
        expectAnother(gift.maker, context.caller);
        const { seq: proposedSeq, kind, currency, amount } = gift;
        const decided = { day: dayOf(context), proposedSeq };
        const by = byOf(context.caller);
        if (kind === 'money')
          return draft({
            type: fundGiftDecided,
            data: decided,
            private: { giftId, state: 'approved', by, ...(reason === undefined ? {} : { reason }) },
          });
        const book = freed(world, gift);
        book.debit(fundOf(gift), amount);
        book.credit({ kind: 'creditors', currency, of: { organisationId } }, amount);
        return draft({
          type: fundGiftGiven,
          data: { ...decided, kind, currency, amount, units: gift.units!, people: gift.people! },
          private: { giftId, by, organisationId, book: book.close()! },
        });
      },
      answer: ({ private: { giftId: id, state = 'given' } }) => ({ id, state }) as GiftAnswer,
    } as Operation<{ giftId: string; reason?: string | undefined }, GiftAnswer>,

    reject: {
      name: 'fund-gift.reject',
      roles: FUND_KEEPERS,
      status: 201,
      decide(world, { giftId, reason }, context) {
        holderFor(world, context.caller);
        const gift = giftInPath(world, giftId);
        expectState(gift, 'proposed');
        return draft({
          type: fundGiftDecided,
          data: { day: dayOf(context), proposedSeq: gift.seq },
          private: {
            ...{ giftId, state: 'rejected' as const, by: byOf(context.caller) },
            ...(reason === undefined ? {} : { reason }),
            book: freed(world, gift).close()!,
          },
        });
      },
      answer: ({ private: { giftId: id, state } }) => ({ id, state }) as GiftAnswer,
    } as Operation<{ giftId: string; reason?: string | undefined }, GiftAnswer>,

    /** Fewer than five people would get something: the total is public, and would tell what each got. */
    lapse: {
      name: 'fund-gift.lapse',
      roles: ['programme'],
      status: 201,
      decide(world, { giftId }, context) {
        const gift = giftInPath(world, giftId);
        expectState(gift, 'approved');
        return draft({
          type: fundGiftDecided,
          data: { day: dayOf(context), proposedSeq: gift.seq },
          private: { giftId, state: 'lapsed', book: freed(world, gift).close()! },
        });
      },
      answer: ({ private: { giftId: id, state } }) => ({ id, state }) as GiftAnswer,
    } as Operation<{ giftId: string }, GiftAnswer>,

    /** Commits to what was worked out before the door; only a control account moves. */
    commit: {
      name: 'fund-gift.commit',
      roles: ['programme'],
      status: 201,
      decide(world, { giftId, splitSalt, ...made }, context) {
        const gift = giftInPath(world, giftId);
        expectState(gift, 'approved');
        const book = freed(world, gift);
        book.debit(fundOf(gift), made.total);
        book.credit(toDistribute(giftId, gift.currency), made.total);
        const { seq: proposedSeq, currency, amount } = gift;
        return draft({
          type: fundGiftCommitted,
          data: { day: dayOf(context), proposedSeq, amount, currency, ...made },
          private: { giftId, splitSalt, book: book.close()! },
        });
      },
      answer: ({ private: { giftId: id } }) => ({ id, state: 'committed' }) as GiftAnswer,
    } as Operation<CommitInput, GiftAnswer>,

    /** Credits one part. 409 `part_out_of_order`. */
    credit: {
      name: 'fund-gift.credit',
      roles: ['programme'],
      status: 201,
      decide(world, { giftId, part, credits }) {
        const { currency, written, givenSeq } = giftInPath(world, giftId);
        if (written !== part) throw conflict('part_out_of_order', `Part ${written} is to be credited next.`);
        const refOf = ({ kind, accountId }: Leaf): AccountRef => ({ kind, currency, of: { accountId } });
        const owed = toDistribute(giftId, currency);
        const book = openBook(world, ids, [owed, ...credits.map(refOf)]);
        for (const credit of credits) {
          book.debit(owed, credit.amount);
          book.credit(refOf(credit), credit.amount);
        }
        return draft({
          type: fundGiftCredited,
          data: { committedSeq: givenSeq!, part },
          private: { giftId, credits, book: book.close()! },
        });
      },
      answer: ({ private: { giftId: id } }) => ({ id, state: 'committed' }) as GiftAnswer,
    } as Operation<{ giftId: string; part: number; credits: Leaf[] }, GiftAnswer>,
  };
};

export type CommitInput = {
  giftId: string;
  splitSalt: string;
  /** What everybody may know of the basis. */
  basis: Committed['basis'];
  root: string;
  total: number;
  count: number;
  people: number;
  parts: number;
};
