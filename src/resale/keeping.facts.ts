import { z } from 'zod';
import { Id, note, Seq } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, returnTo } from '../lots/lots.ts';
import { batches } from './resale.tables.ts';

const Unsealed = z.strictObject({
  batchId: Id,
  /** The last fact that changed the batch, and the one that sealed it. */
  seq: Seq,
  sealedSeq: Seq,
  /** The lot of the batch, which then is no more. */
  lot: LotUse,
  /** What each lot gets back; its `seq` is the last fact that changed that lot. */
  inputs: z.array(LotUse),
});
const UnsealedPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });

export const batchUnsealed: FactType<z.infer<typeof Unsealed>, z.infer<typeof UnsealedPrivate>> = {
  type: 'batch.unsealed.v1',
  title: { en: 'Batch unsealed', zh: '批次解封' },
  data: Unsealed,
  private: UnsealedPrivate,
  grams: 'The very grams taken go back to the lots they were taken from.',
  fen: 'none',
  backPointers: ['seq', 'sealedSeq', 'lot.seq', 'inputs[].seq'],
  apply(world, { seq, data }) {
    drawFrom(world, data.lot, seq);
    for (const use of data.inputs) returnTo(world, use, seq);
    world.put(batches, { ...world.get(batches, data.batchId)!, state: 'unsealed', lastSeq: seq });
  },
};

const Reserved = z.strictObject({
  batchId: Id,
  /** The last fact that changed the batch. */
  seq: Seq,
});
const ReservedPrivate = z.strictObject({
  keyId: Id,
  buyerId: Id,
  /** Milliseconds since 1970. */
  until: z.int(),
});

export const batchReserved: FactType<z.infer<typeof Reserved>, z.infer<typeof ReservedPrivate>> = {
  type: 'batch.reserved.v1',
  title: { en: 'Batch reserved', zh: '批次预留' },
  data: Reserved,
  private: ReservedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data, private: more }) {
    const { buyerId: reservedFor, until: reservedUntil } = more;
    world.put(batches, {
      ...world.get(batches, data.batchId)!,
      reservedFor,
      reservedUntil,
      lastSeq: seq,
    });
  },
};

const ReleasedPrivate = z.strictObject({ keyId: Id });

export const batchReleased: FactType<z.infer<typeof Reserved>, z.infer<typeof ReleasedPrivate>> = {
  type: 'batch.reservation-released.v1',
  title: { en: 'Reservation of a batch released', zh: '批次取消预留' },
  data: Reserved,
  private: ReleasedPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data }) {
    world.put(batches, {
      ...world.get(batches, data.batchId)!,
      reservedFor: null,
      reservedUntil: null,
      lastSeq: seq,
    });
  },
};

export const keepingFacts = [batchUnsealed, batchReserved, batchReleased];
