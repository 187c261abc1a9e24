import { conflict, unprocessable } from '../kernel/errors.ts';
import { type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import type { LotUse } from '../lots/lots.ts';
import { mayReach } from '../registry/access.ts';
import { saleOf, saleTo, useOf } from './held.ts';
import { productMade } from './products.facts.ts';
import type { ProductRequest } from './products.schema.ts';
import { SEALERS } from './resale.operations.ts';
import { type Batch, batches } from './resale.tables.ts';
import { batchBuyers, buyerKey } from './sales.tables.ts';

/** Who may make products: buyers, and owners of a batch. */
export const MAKERS = [...SEALERS, 'brand'] as const;

export type ProductAnswer = { id: string; grams: number; lotId: string };

/** Whose grams of the batch the caller means: those of a sale, or the owner's own. */
type Holding = { batch: Batch; organisationId: string; lotId: string; saleId: string | undefined };

const holdingOf = (world: World, caller: Caller, { batchId, saleId }: ProductRequest): Holding => {
  const unknown = () => unprocessable('unknown_batch', '/batchId', 'no such batch that you own or bought of');
  const batch = world.get(batches, batchId);
  if (batch === undefined) throw unknown();
  const owns = mayReach(caller, batch.organisationId, batch.siteId);
  if (owns && saleId === undefined)
    return { batch, organisationId: batch.organisationId, lotId: batch.lotId, saleId };
  if (owns && caller.role !== 'operator')
    throw unprocessable(
      'unknown_sale',
      '/saleId',
      'is left out by the owner of a batch: what was sold is the buyer’s',
    );
  const bought = (world.get(batchBuyers, buyerKey(batch.id, caller.organisationId))?.sales ?? 0) > 0;
  if (!bought && !owns) throw unknown();
  const sale = owns ? saleOf(world, batch, saleId) : saleTo(world, batch, caller.organisationId, saleId);
  return { batch, organisationId: sale.buyerId, lotId: sale.lotId, saleId: sale.id };
};

/** units × contentGrams out of what the holder has. 422 `content_over_mass`; 409 `content_exceeds` with the units that fit. */
const contentOf = (world: World, { lotId, organisationId }: Holding, request: ProductRequest): LotUse => {
  const { units, unitMassGrams, contentGrams } = request;
  if (contentGrams > unitMassGrams)
    throw unprocessable(
      'content_over_mass',
      '/contentGrams',
      `must be at most the ${unitMassGrams} g of one unit`,
    );
  const lot = world.get(lots, lotId)!;
  const unitsThatFit = Math.floor(lot.grams / contentGrams);
  if (lot.organisationId === organisationId && units > unitsThatFit)
    throw conflict(
      'content_exceeds',
      `${lot.grams} g are held: ${unitsThatFit} units of ${contentGrams} g fit.`,
      {
        lotId,
        seq: lot.lastSeq,
        grams: lot.grams,
        unitsThatFit,
      },
    );
  return useOf(lot, organisationId, units * contentGrams);
};

/** @param programme whose operator stands as the actor, so that no buyer is public */
export const productOperations = (programme: {
  operatorId: string;
}): { makeProduct: Operation<ProductRequest, ProductAnswer> } => ({
  makeProduct: {
    name: 'product.make',
    roles: MAKERS,
    status: 201,
    decide(world, input, { caller, id, newId }) {
      const holding = holdingOf(world, caller, input);
      const { batch, organisationId, saleId } = holding;
      const { units, unitMassGrams, contentGrams, market, name } = input;
      return draft({
        type: productMade,
        actor: programme.operatorId,
        data: {
          productId: id,
          batchId: batch.id,
          seq: batch.lastSeq,
          lot: contentOf(world, holding, input),
          lotId: newId(),
          material: batch.material,
          form: 'product',
          units,
          unitMassGrams,
          contentGrams,
        },
        private: {
          keyId: caller.keyId,
          organisationId,
          ...(saleId === undefined ? {} : { saleId }),
          market,
          ...(name === undefined ? {} : { name }),
        },
      });
    },
    answer: ({ data: { productId: id, lot, lotId } }) => ({ id, grams: lot.grams, lotId }),
  },
});
