import { z } from 'zod';
import { Id, MAX_INTEGER, Seq, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, openLot } from '../lots/lots.ts';
import { products } from './products.tables.ts';
import { batchSales } from './sales.tables.ts';

const Count = z.int().min(1).max(MAX_INTEGER);

const Made = z.strictObject({
  productId: Id,
  batchId: Id,
  /** The last fact that changed the batch. */
  seq: Seq,
  /** What is drawn, from the lot of a buyer or of the batch: units × contentGrams. */
  lot: LotUse,
  /** The grams in the products; a gram ends in one product. */
  lotId: Id,
  material: z.string(),
  form: z.string(),
  units: Count,
  unitMassGrams: Count,
  contentGrams: Count,
});
const MadePrivate = z.strictObject({
  keyId: Id,
  /** Whose product it is. No buyer is public, so the operator stands as the actor. */
  organisationId: Id,
  saleId: Id.optional(),
  market: text(2),
  name: text(200).optional(),
});

export const productMade: FactType<z.infer<typeof Made>, z.infer<typeof MadePrivate>> = {
  type: 'product.made.v1',
  title: { en: 'Product made of a batch', zh: '批次制成产品' },
  data: Made,
  private: MadePrivate,
  grams: 'Units × content are drawn into a lot of the product.',
  fen: 'none',
  backPointers: ['seq', 'lot.seq'],
  apply(world, { seq, data, private: more }) {
    const { productId: id, batchId, lotId, material, form, units, unitMassGrams, contentGrams } = data;
    const { grams } = data.lot;
    const { organisationId, saleId = null } = more;
    const { siteId, originClass } = drawFrom(world, data.lot, seq);
    const kind = { material, form, originClass, grams };
    openLot(world, { id: lotId, seq, place: 0, kind: 'product', organisationId, siteId, ...kind });
    if (saleId !== null) {
      const sale = world.get(batchSales, saleId)!;
      world.put(batchSales, { ...sale, productGrams: sale.productGrams + grams, lastSeq: seq });
    }
    world.put(products, {
      id,
      seq,
      lastSeq: seq,
      organisationId,
      batchId,
      saleId,
      lotId,
      units,
      unitMassGrams,
      contentGrams,
      market: more.market,
      name: more.name ?? null,
      state: 'made',
    });
  },
};

export const productFacts = [productMade];
