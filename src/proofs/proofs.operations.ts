import { conflict } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import type { PaidLeaf } from './plan.ts';
import { paymentProofPublished } from './proofs.facts.ts';

export type PublishInput = {
  batchId: string;
  sealedSeq: number;
  asOfSeq: number;
  currency: string;
  leaves: readonly PaidLeaf[];
  root: string;
  splitSalt: string;
  /** What the last proof of this batch was made of. */
  before: readonly PaidLeaf[];
};
export type PublishAnswer = { id: string; paid: number; people: number; root: string };

/** How many accounts stand otherwise than they did. */
const changedSince = (before: readonly PaidLeaf[], now: readonly PaidLeaf[]): number => {
  const then = new Map(before.map((leaf) => [leaf.accountId, leaf]));
  const other = now.filter(({ accountId, earned, paid }) => {
    const was = then.get(accountId);
    then.delete(accountId);
    return was?.earned !== earned || was.paid !== paid;
  });
  return other.length + then.size;
};

/**
 * 409 `too_few_people` for fewer than five people paid, and `too_few_changed` where fewer than five stand otherwise than in
 * the proof before: the difference of the two would tell what they got. What is still owed to fewer than five is left out.
 */
export const publishProof: Operation<PublishInput, PublishAnswer> = {
  name: 'payment-proof.publish',
  roles: ['operator', 'payer'],
  status: 201,
  decide(_world, { leaves, before, splitSalt, ...data }, { caller, id }) {
    const paidTo = leaves.filter(({ paid }) => paid > 0);
    const people = paidTo.filter(({ kind }) => kind === 'payable').length;
    if (people < FEWEST_PEOPLE)
      throw conflict(
        'too_few_people',
        `Fewer than ${FEWEST_PEOPLE} people were paid of this batch; publish it once more were.`,
      );
    const changed = changedSince(before, leaves);
    if (before.length > 0 && changed < FEWEST_PEOPLE)
      throw conflict(
        'too_few_changed',
        `Fewer than ${FEWEST_PEOPLE} people stand otherwise than in the proof before, and the difference would tell what they got.`,
      );
    const owedTo = leaves.filter(({ earned, paid }) => paid < earned).length;
    const sum = (of: 'earned' | 'paid') => leaves.reduce((total, leaf) => total + leaf[of], 0);
    const showsOwed = owedTo === 0 || owedTo >= FEWEST_PEOPLE;
    return draft({
      type: paymentProofPublished,
      data: {
        ...data,
        ...(showsOwed ? { earned: sum('earned') } : {}),
        ...{ paid: sum('paid'), count: paidTo.length, people },
      },
      private: { proofId: id, keyId: caller.keyId, splitSalt },
    });
  },
  answer: ({ data: { paid, people, root }, private: { proofId: id } }) => ({ id, paid, people, root }),
};
