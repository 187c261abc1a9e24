import { z } from 'zod';
import { Currency, Id, MAX_INTEGER, Seq, Sha256Hex } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { FEWEST_PEOPLE } from '../provenance/summary.ts';
import { paymentProofs } from './proofs.tables.ts';

const Fen = z.int().min(0).max(MAX_INTEGER);

/** Published on purpose, and only over five people or more (ledger format, "What is open and what is sealed"). */
const Published = z.strictObject({
  batchId: Id,
  sealedSeq: Seq,
  /** The entry after which it holds. */
  asOfSeq: Seq,
  currency: Currency,
  /** Minor units: what the batch earned its people, left out where few of them are still owed; what of it was paid. */
  earned: Fen.optional(),
  paid: Fen,
  /** Of the Merkle-sum tree over what each was paid. */
  root: Sha256Hex,
  count: z.int().min(FEWEST_PEOPLE),
  people: z.int().min(FEWEST_PEOPLE),
});
const PublishedPrivate = z.strictObject({ proofId: Id, keyId: Id, splitSalt: Sha256Hex });

export const paymentProofPublished: FactType<z.infer<typeof Published>, z.infer<typeof PublishedPrivate>> = {
  type: 'payment-proof.published.v1',
  title: { en: 'Proof of payment of a batch published', zh: '批次付款证明发布' },
  data: Published,
  private: PublishedPrivate,
  grams: 'none',
  fen: 'None move: it says what was paid.',
  backPointers: ['sealedSeq', 'asOfSeq'],
  apply(world, { seq, data, private: { proofId: id, splitSalt } }) {
    const { batchId, asOfSeq, currency, earned = null, paid, count: leaves, people, root } = data;
    world.put(paymentProofs, {
      ...{ id, seq, lastSeq: seq, batchId, asOfSeq, currency, earned, paid, leaves, people, root, splitSalt },
    });
  },
};
