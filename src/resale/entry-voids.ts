import { z } from 'zod';
import { type AccountIds, BookEntry, post } from '../accounts/book.ts';
import { conflict, unprocessable } from '../kernel/errors.ts';
import { Id, Money, note, Seq, TotalGrams } from '../kernel/values.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { changeLot } from '../lots/lots.ts';
import { unusedLots } from '../lots/undo.ts';
import { actorOf } from '../registry/actor.ts';
import { namedSale, ownBatch } from './held.ts';
import { SEALERS } from './resale.operations.ts';
import { type Batch, batches } from './resale.tables.ts';
import { costEntry, paymentEntry } from './sales.book.ts';
import { outstandingOf } from './sales.operations.ts';
import {
  type BatchEntry,
  batchEntries,
  batchEntry,
  batchEntryVoids,
  batchSales,
  entryKey,
  type Sale,
} from './sales.tables.ts';

const Voided = z.strictObject({
  batchId: Id,
  saleId: Id.optional(),
  /** The last fact that changed the sale; of a cost, the batch. */
  seq: Seq,
  /** The fact that entered it. */
  entrySeq: Seq,
  /** Of a delivery: its grams, and what is delivered of the sale without it. */
  grams: TotalGrams.optional(),
  deliveredGrams: TotalGrams.optional(),
  /** The lot of the buyer, where it stood at a site because all was delivered. */
  lot: z.strictObject({ lotId: Id, seq: Seq, grams: TotalGrams }).optional(),
});
const VoidedPrivate = z.strictObject({
  keyId: Id,
  reason: note(2_000),
  kind: z.enum(['cost', 'delivery', 'payment']),
  costKind: z.string().optional(),
  amount: Money.optional(),
  /** Minor units booked or received without it, and what is owed of the sale then. */
  sum: z.int().optional(),
  outstanding: z.int().optional(),
  /** The time the entry bears. */
  at: z.string(),
  book: BookEntry.optional(),
});
type Voided = z.infer<typeof Voided>;
type VoidedPrivate = z.infer<typeof VoidedPrivate>;

export const entryVoided: FactType<Voided, VoidedPrivate> = {
  type: 'batch.entry-voided.v1',
  title: { en: 'Entry of a batch voided', zh: '批次记录作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'None: a lot of the buyer that had arrived is on its way again.',
  fen: 'A cost or payment counts no more: it is taken off the sums, and counter-posted.',
  backPointers: ['seq', 'entrySeq', 'lot.seq'],
  apply(world, { seq, data, private: more }) {
    const { batchId, saleId, entrySeq, lot } = data;
    const { kind, amount, sum, costKind, at, reason } = more;
    post(world, seq, more.book);
    if (kind === 'cost') {
      const batch = world.get(batches, batchId)!;
      world.put(batches, { ...batch, costs: { ...batch.costs, [amount!.currency]: sum! }, lastSeq: seq });
    } else {
      const sale = world.get(batchSales, saleId!)!;
      const { received, deliveredGrams, toSiteId } = sale;
      if (lot !== undefined) changeLot(world, lot.lotId, seq, { siteId: null });
      world.put(batchSales, {
        ...sale,
        received: sum ?? received,
        deliveredGrams: data.deliveredGrams ?? deliveredGrams,
        toSiteId: lot === undefined ? toSiteId : null,
        lastSeq: seq,
      });
    }
    // Asked for first: the door must know that there is none yet.
    world.get(batchEntryVoids, entryKey(batchId, entrySeq));
    world.put(batchEntryVoids, { id: entryKey(batchId, entrySeq), seq });
    world.add(batchEntries, {
      ...batchEntry({ seq, batchId, saleId, kind, costKind, at, note: reason, voids: entrySeq }),
      grams: data.grams === undefined ? null : -data.grams,
      amount: amount === undefined ? null : -amount.amount,
      currency: amount?.currency ?? null,
    });
  },
};

export type EntryVoidInput = {
  batchId: string;
  entrySeq: number;
  reason: string;
  /** The entry as it stands for ever; undefined when there is none. */
  entry: BatchEntry | undefined;
};
export type EntryVoidAnswer = { batchId: string; entrySeq: number; kind: string };

type Effect = { data: Omit<Voided, 'batchId' | 'entrySeq'>; more: Partial<VoidedPrivate> };

/** The lot of the buyer was there because all was delivered; without this delivery it is not. */
const leaving = (world: World, sale: Sale): Pick<Voided, 'lot'> => {
  if (sale.toSiteId === null) return {};
  const grams = sale.grams - sale.returnedGrams - sale.productGrams;
  const stands = { siteId: sale.toSiteId, organisationId: sale.buyerId };
  const [lot] = unusedLots(world, [{ lotId: sale.lotId, grams }], stands);
  return { lot: lot! };
};

const effectOf = (world: World, ids: AccountIds, batch: Batch, entry: BatchEntry): Effect => {
  const money = { amount: entry.amount ?? 0, currency: entry.currency ?? '' };
  const back = { ...money, amount: -money.amount };
  if (entry.kind === 'cost')
    return {
      data: { seq: batch.lastSeq },
      more: {
        amount: money,
        costKind: entry.costKind!,
        sum: batch.costs[money.currency]! - money.amount,
        ...costEntry(world, ids, batch, back),
      },
    };
  const sale = namedSale(world, batch, entry.saleId!);
  const data = { saleId: sale.id, seq: sale.lastSeq };
  if (entry.kind === 'payment') {
    const [sum, outstanding] = [sale.received - money.amount, outstandingOf(sale) + money.amount];
    const book = paymentEntry(world, ids, batch, { ...back, buyerId: sale.buyerId });
    return { data, more: { amount: money, sum, outstanding, ...book } };
  }
  const [grams, deliveredGrams] = [entry.grams!, sale.deliveredGrams - entry.grams!];
  return { data: { ...data, grams, deliveredGrams, ...leaving(world, sale) }, more: {} };
};

/** @param programme whose operator stands for natural persons */
export const entryVoidOperation = (
  ids: AccountIds,
  programme: { operatorId: string },
): Operation<EntryVoidInput, EntryVoidAnswer> => ({
  name: 'batch.void-entry',
  roles: SEALERS,
  status: 201,
  decide(world, { batchId, entrySeq, reason, entry }, { caller }) {
    const batch = ownBatch(world, caller, batchId);
    if (entry === undefined || entry.batchId !== batch.id)
      throw unprocessable(
        'unknown_entry',
        '/entrySeq',
        'no such entry of this batch; GET /v1/batches/{id}/entries lists them',
      );
    if (entry.voids !== null)
      throw unprocessable(
        'not_voidable',
        '/entrySeq',
        'what voids an entry is not voided; enter what was meant',
      );
    const voided = world.get(batchEntryVoids, entryKey(batch.id, entrySeq));
    if (voided !== undefined)
      throw conflict('already_voided', 'This entry was voided already.', { entrySeq, seq: voided.seq });
    const { data, more } = effectOf(world, ids, batch, entry);
    return draft({
      type: entryVoided,
      ...actorOf(world, caller, programme),
      data: { batchId: batch.id, entrySeq, ...data },
      private: { keyId: caller.keyId, reason, kind: entry.kind, at: entry.at, ...more },
    });
  },
  answer: ({ data: { batchId, entrySeq }, private: { kind } }) => ({ batchId, entrySeq, kind }),
});
