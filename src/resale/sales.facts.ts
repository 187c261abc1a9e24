import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Currency, Id, MAX_INTEGER, Money, note, Seq, Time, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { changeLot, drawFrom, LotUse, openLot } from '../lots/lots.ts';
import { batches } from './resale.tables.ts';
import { batchBuyers, batchEntries, batchEntry, batchSales, buyerKey } from './sales.tables.ts';

export const SalePriceShape = z.strictObject({
  amount: z.int().min(0).max(MAX_INTEGER),
  currency: Currency,
  perGrams: z.int().min(1).max(1_000_000_000),
});

const Sold = z.strictObject({
  batchId: Id,
  /** The last fact that changed the batch. */
  seq: Seq,
  saleId: Id,
  /** What is drawn from the lot of the batch. */
  lot: LotUse,
  soldLotId: Id,
  material: z.string(),
  form: z.string(),
});
const SoldPrivate = z.strictObject({
  keyId: Id,
  buyerId: Id,
  price: SalePriceShape,
  total: Money,
  contract: text(200).optional(),
  book: BookEntry.optional(),
});

export const batchSold: FactType<z.infer<typeof Sold>, z.infer<typeof SoldPrivate>> = {
  type: 'batch.sold.v1',
  title: { en: 'Batch sold', zh: '批次售出' },
  data: Sold,
  private: SoldPrivate,
  grams: 'The sold grams are drawn from the lot of the batch into a lot of the buyer.',
  fen: 'The total is owed by the buyer, and is income of the seller.',
  backPointers: ['seq', 'lot.seq'],
  apply(world, { seq, data, private: more }) {
    const { batchId, saleId, soldLotId: lotId } = data;
    const { buyerId, price, total } = more;
    const { grams } = data.lot;
    const batch = world.get(batches, batchId)!;
    const key = buyerKey(batchId, buyerId);
    const bought = world.get(batchBuyers, key);
    const { material, form, originClass, siteId, grams: left } = drawFrom(world, data.lot, seq);
    const kind = { material, form, originClass, grams };
    openLot(world, {
      id: lotId,
      seq,
      place: 0,
      kind: 'sold',
      organisationId: buyerId,
      siteId: null,
      ...kind,
    });
    world.put(batchSales, {
      id: saleId,
      seq,
      lastSeq: seq,
      batchId,
      buyerId,
      lotId,
      grams,
      deliveredGrams: 0,
      returnedGrams: 0,
      productGrams: 0,
      price,
      currency: total.currency,
      total: total.amount,
      received: 0,
      credited: 0,
      contract: more.contract ?? null,
      fromSiteId: siteId,
      toSiteId: null,
      state: 'sold',
    });
    post(world, seq, more.book);
    world.put(batchBuyers, { id: key, sales: (bought?.sales ?? 0) + 1, lastSaleId: saleId });
    world.put(batches, {
      ...batch,
      sales: batch.sales + 1,
      lastSaleId: saleId,
      soldGrams: batch.soldGrams + grams,
      ...(left === 0 ? { reservedFor: null, reservedUntil: null } : {}),
      lastSeq: seq,
    });
  },
};

const OfSale = z.strictObject({
  batchId: Id,
  saleId: Id,
  /** The last fact that changed the sale. */
  seq: Seq,
});

const Delivered = OfSale.extend({
  grams: TotalGrams.min(1),
  /** What was delivered of the sale by then, this included. */
  deliveredGrams: TotalGrams,
  /** Where this was the last of it and a site was named: the lot of the buyer, which stands there now. */
  lot: z.strictObject({ lotId: Id, seq: Seq }).optional(),
});
const DeliveredPrivate = z.strictObject({
  keyId: Id,
  deliveredAt: Time,
  siteId: Id.optional(),
  note: note(2_000).optional(),
});

export const batchDelivered: FactType<z.infer<typeof Delivered>, z.infer<typeof DeliveredPrivate>> = {
  type: 'batch.delivered.v1',
  title: { en: 'Batch delivered', zh: '批次交付' },
  data: Delivered,
  private: DeliveredPrivate,
  grams: 'None: the sale moved them. With the last of them the lot of the buyer stands at the site named.',
  fen: 'none',
  backPointers: ['seq', 'lot.seq'],
  apply(world, { seq, data, private: more }) {
    const { batchId, saleId, grams, deliveredGrams } = data;
    const { deliveredAt: at, siteId, note } = more;
    const sale = world.get(batchSales, saleId)!;
    if (data.lot !== undefined) changeLot(world, data.lot.lotId, seq, { siteId: siteId! });
    const toSiteId = data.lot === undefined ? sale.toSiteId : siteId!;
    world.put(batchSales, { ...sale, deliveredGrams, toSiteId, lastSeq: seq });
    world.add(batchEntries, batchEntry({ seq, batchId, saleId, kind: 'delivery', grams, at, siteId, note }));
  },
};

const PaidPrivate = z.strictObject({
  keyId: Id,
  amount: Money,
  receivedAt: Time,
  reference: text(200).optional(),
  /** Minor units received of the sale by then, this included, and what is still owed. */
  received: z.int(),
  outstanding: z.int(),
  book: BookEntry.optional(),
});

export const batchPaid: FactType<z.infer<typeof OfSale>, z.infer<typeof PaidPrivate>> = {
  type: 'batch.paid.v1',
  title: { en: 'Payment for a batch received', zh: '收到批次货款' },
  data: OfSale,
  private: PaidPrivate,
  grams: 'none',
  fen: 'Money of the seller comes in, and the buyer owes less.',
  backPointers: ['seq'],
  apply(world, { seq, data, private: more }) {
    const { batchId, saleId } = data;
    const { receivedAt: at, reference, received, amount: money } = more;
    post(world, seq, more.book);
    world.put(batchSales, { ...world.get(batchSales, saleId)!, received, lastSeq: seq });
    world.add(
      batchEntries,
      batchEntry({ seq, batchId, saleId, kind: 'payment', ...money, at, note: reference }),
    );
  },
};

const CostBooked = z.strictObject({
  batchId: Id,
  /** The last fact that changed the batch. */
  seq: Seq,
});
const CostBookedPrivate = z.strictObject({
  keyId: Id,
  kind: z.string(),
  amount: Money,
  incurredAt: Time,
  reference: text(200).optional(),
  /** Minor units of this currency booked on the batch by then, this included. */
  sum: z.int(),
  book: BookEntry.optional(),
});

export const costBooked: FactType<z.infer<typeof CostBooked>, z.infer<typeof CostBookedPrivate>> = {
  type: 'batch.cost-booked.v1',
  title: { en: 'Cost of a batch booked', zh: '批次成本入账' },
  data: CostBooked,
  private: CostBookedPrivate,
  grams: 'none',
  fen: 'A cost of the batch, owed to whoever is to be paid for it.',
  backPointers: ['seq'],
  apply(world, { seq, data: { batchId }, private: more }) {
    const { kind: costKind, amount: money, incurredAt: at, reference } = more;
    post(world, seq, more.book);
    const batch = world.get(batches, batchId)!;
    const costs = { ...batch.costs, [money.currency]: more.sum };
    world.put(batches, { ...batch, costs, lastSeq: seq });
    world.add(
      batchEntries,
      batchEntry({ seq, batchId, kind: 'cost', costKind, ...money, at, note: reference }),
    );
  },
};

export const saleFacts = [batchSold, batchDelivered, batchPaid, costBooked];
