import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Id, note, Seq } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, returnTo } from '../lots/lots.ts';
import { products } from './products.tables.ts';
import { batches } from './resale.tables.ts';
import { batchBuyers, batchSales, buyerKey } from './sales.tables.ts';

const SaleVoided = z.strictObject({
  batchId: Id,
  saleId: Id,
  /** The last facts that changed the batch and the sale, and the one that sold. */
  batchSeq: Seq,
  seq: Seq,
  soldSeq: Seq,
  /** The lot of the buyer, which then is no more. */
  lot: LotUse,
  /** The lot of the batch, which gets back what was sold from it. */
  from: LotUse,
});
const VoidedPrivate = z.strictObject({ keyId: Id, reason: note(2_000) });
const SaleVoidedPrivate = VoidedPrivate.extend({ book: BookEntry.optional() });

export const saleVoided: FactType<z.infer<typeof SaleVoided>, z.infer<typeof SaleVoidedPrivate>> = {
  type: 'batch.sale-voided.v1',
  title: { en: 'Sale of a batch voided', zh: '批次销售作废' },
  data: SaleVoided,
  private: SaleVoidedPrivate,
  grams: 'The very grams sold go back to the lot of the batch; the lot of the buyer holds none.',
  fen: 'Nothing is owed of the sale, and it is no income.',
  backPointers: ['batchSeq', 'seq', 'soldSeq', 'lot.seq', 'from.seq'],
  apply(world, { seq, data, private: more }) {
    post(world, seq, more.book);
    drawFrom(world, data.lot, seq);
    returnTo(world, data.from, seq);
    const sale = world.get(batchSales, data.saleId)!;
    world.put(batchSales, { ...sale, state: 'voided', lastSeq: seq });
    const batch = world.get(batches, data.batchId)!;
    const soldGrams = batch.soldGrams - sale.grams;
    world.put(batches, { ...batch, ...oneSaleLess(batch, sale.id), soldGrams, lastSeq: seq });
    const bought = world.get(batchBuyers, buyerKey(batch.id, sale.buyerId))!;
    world.put(batchBuyers, { ...bought, ...oneSaleLess(bought, sale.id) });
  },
};

/** Which was the last before a voided last one is not known here: whoever means one then names it. */
const oneSaleLess = (
  { sales, lastSaleId }: { sales: number; lastSaleId: string | null },
  saleId: string,
) => ({
  sales: sales - 1,
  lastSaleId: lastSaleId === saleId ? null : lastSaleId,
});

const ProductVoided = z.strictObject({
  productId: Id,
  /** The last fact that changed the product, and the one that made it. */
  seq: Seq,
  madeSeq: Seq,
  /** The lot of the product, which then is no more. */
  lot: LotUse,
  /** The lot it was drawn from, which gets its grams back. */
  from: LotUse,
});

export const productVoided: FactType<z.infer<typeof ProductVoided>, z.infer<typeof VoidedPrivate>> = {
  type: 'product.voided.v1',
  title: { en: 'Product voided', zh: '产品作废' },
  data: ProductVoided,
  private: VoidedPrivate,
  grams: 'The very grams go back to the lot they were drawn from; the product holds none.',
  fen: 'none',
  backPointers: ['seq', 'madeSeq', 'lot.seq', 'from.seq'],
  apply(world, { seq, data }) {
    drawFrom(world, data.lot, seq);
    returnTo(world, data.from, seq);
    const product = world.get(products, data.productId)!;
    world.put(products, { ...product, state: 'voided', lastSeq: seq });
    if (product.saleId === null) return;
    const sale = world.get(batchSales, product.saleId)!;
    world.put(batchSales, { ...sale, productGrams: sale.productGrams - data.lot.grams, lastSeq: seq });
  },
};

export const resaleVoidFacts = [saleVoided, productVoided];
