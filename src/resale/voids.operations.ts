import type { AccountIds } from '../accounts/book.ts';
import type { VoidOperation } from '../http/voiding.ts';
import { conflict, notFound } from '../kernel/errors.ts';
import { type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { givenBack, lotGrams, unusedLots } from '../lots/undo.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { namedSale, onlySale, ownBatch } from './held.ts';
import { MAKERS } from './products.operations.ts';
import { type Product, products } from './products.tables.ts';
import { SEALERS } from './resale.operations.ts';
import { batches } from './resale.tables.ts';
import { saleEntry } from './sales.book.ts';
import { batchSales, type Sale } from './sales.tables.ts';
import { productVoided, saleVoided } from './voids.facts.ts';

export type SaleVoidInput = { batchId: string; saleId?: string | undefined; reason: string };
export type SaleVoidAnswer = { id: string; state: 'voided'; lots: { lotId: string; grams: number }[] };

/** What a sale led to since, in the order it is to be undone. */
const CONSEQUENCES = [
  ['returnedGrams', 'returned', 'A part of it was returned already; void the return first.'],
  ['productGrams', 'made_into_products', 'The buyer made products of it; void these first.'],
  [
    'deliveredGrams',
    'delivered',
    'It was delivered; void the deliveries first, or take it back as a return.',
  ],
  ['received', 'paid', 'It was paid for; void the payments first, or take it back as a return.'],
  ['credited', 'credited', 'Money of it was credited; a sale that went so far is not undone.'],
] as const;

/** 409 names the first thing a sale led to, which stands in the way of its undoing. */
const assertNothingFollowed = (sale: Sale): void => {
  for (const [member, code, message] of CONSEQUENCES)
    if (sale[member] > 0)
      throw conflict(code, message, { saleId: sale.id, seq: sale.lastSeq, [member]: sale[member] });
};

const ownProduct = (world: World, caller: Caller, id: string): Product => {
  const product = world.get(products, id);
  if (product === undefined || !mayReach(caller, product.organisationId, null)) throw notFound('product');
  return product;
};

/** The lot a product was drawn from: the buyer's, or that of the batch. */
const drawnFrom = (world: World, { saleId, batchId }: Product): string =>
  saleId === null ? world.get(batches, batchId)!.lotId : world.get(batchSales, saleId)!.lotId;

/** @param programme whose operator stands as the actor where a buyer acts, and for natural persons */
export const resaleVoidOperations = (
  ids: AccountIds,
  programme: { operatorId: string },
): { voidSale: Operation<SaleVoidInput, SaleVoidAnswer>; voidProduct: VoidOperation } => ({
  voidSale: {
    name: 'batch.void-sale',
    roles: SEALERS,
    status: 201,
    decide(world, { batchId, saleId, reason }, { caller }) {
      const batch = ownBatch(world, caller, batchId);
      const sale =
        saleId === undefined
          ? onlySale(world, batch.id, batch.sales, batch.lastSaleId)
          : namedSale(world, batch, saleId);
      assertNothingFollowed(sale);
      const [lot] = unusedLots(world, [sale], { siteId: null, organisationId: sale.buyerId });
      const stands = { siteId: sale.fromSiteId, organisationId: batch.organisationId };
      const [from] = givenBack(world, [{ lotId: batch.lotId, grams: sale.grams }], stands);
      return draft({
        type: saleVoided,
        ...actorOf(world, caller, programme),
        data: {
          batchId: batch.id,
          saleId: sale.id,
          batchSeq: batch.lastSeq,
          seq: sale.lastSeq,
          soldSeq: sale.seq,
          lot: lot!,
          from: from!,
        },
        private: {
          keyId: caller.keyId,
          reason,
          ...saleEntry(world, ids, batch, { ...sale, amount: -sale.total }),
        },
      });
    },
    answer: ({ data }) => ({ id: data.saleId, state: 'voided', lots: lotGrams([data.from]) }),
  },
  voidProduct: {
    name: 'product.void',
    roles: MAKERS,
    status: 201,
    decide(world, { subjectId, reason }, { caller }) {
      const product = ownProduct(world, caller, subjectId);
      const { id: productId, organisationId, lastSeq: seq, seq: madeSeq, lotId } = product;
      if (product.state === 'voided')
        throw conflict('already_voided', 'This product was voided already.', { productId, seq });
      // Made where its grams stood, it is unmade there.
      const stands = { siteId: world.get(lots, lotId)!.siteId, organisationId };
      const made = [{ lotId, grams: product.units * product.contentGrams }];
      const [lot] = unusedLots(world, made, stands);
      const [back] = givenBack(world, [{ lotId: drawnFrom(world, product), grams: lot!.grams }], stands);
      return draft({
        type: productVoided,
        actor: programme.operatorId,
        data: { productId, seq, madeSeq, lot: lot!, from: back! },
        private: { keyId: caller.keyId, reason },
      });
    },
    answer: ({ data }) => ({ id: data.productId, state: 'voided', lots: lotGrams([data.from]) }),
  },
});
