import { table } from '../db/table.ts';

/** Of what a batch earned its people, how much was paid to how many, after entry `asOfSeq`. Minor units. */
export type PaymentProof = {
  id: string;
  seq: number;
  lastSeq: number;
  batchId: string;
  asOfSeq: number;
  currency: string;
  /** Null where what is owed concerns fewer than five people. */
  earned: number | null;
  paid: number;
  /** Leaves of the tree, and how many of them are known people's. */
  leaves: number;
  people: number;
  /** Hex. */
  root: string;
  splitSalt: string;
};
export const paymentProofs = table<PaymentProof>('payment_proofs', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  batchId: 'uuid',
  asOfSeq: 'int8',
  currency: 'text',
  earned: 'int8',
  paid: 'int8',
  leaves: 'int4',
  people: 'int4',
  root: 'text',
  splitSalt: 'text',
});
