import type { AccountIds } from '../accounts/book.ts';
import { conflict, unprocessable } from '../kernel/errors.ts';
import { inProportion } from '../kernel/money.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { actorOf } from '../registry/actor.ts';
import { sites } from '../registry/registry.tables.ts';
import { checkBuyer, checkReservation, ownBatch, saleOf, useOf } from './held.ts';
import type { OfBatch } from './keeping.operations.ts';
import { SEALERS } from './resale.operations.ts';
import { costEntry, paymentEntry, saleEntry } from './sales.book.ts';
import { batchDelivered, batchPaid, batchSold, costBooked } from './sales.facts.ts';
import type { CostRequest, DeliveryRequest, PaymentRequest, SaleRequest } from './sales.schema.ts';
import type { Sale } from './sales.tables.ts';

type Money = { amount: number; currency: string };
export type SaleAnswer = { id: string; grams: number; total: Money; lotId: string };
export type DeliveryAnswer = { saleId: string; grams: number; deliveredGrams: number };
export type PaymentAnswer = { saleId: string; received: Money; outstanding: Money };
export type CostAnswer = { batchId: string; costs: Money };

/** Minor units still owed; below zero where more was paid than is owed after credit notes. */
export const outstandingOf = ({ total, credited, received }: Sale): number => total - credited - received;

const fits = (amount: number, pointer: string): number => {
  if (!Number.isSafeInteger(amount))
    throw unprocessable('too_much_money', pointer, 'comes to more than 2^53 − 1 minor units');
  return amount;
};

/** 422 where money for a sale is in another currency than the sale. */
export const checkCurrency = (sale: Sale, { currency }: Money, pointer: string): void => {
  if (currency !== sale.currency)
    throw unprocessable('other_currency', pointer, `must be ${sale.currency}, as the sale is`);
};

/** The buyer's lot and its last fact, where this delivery is the last and says at which site. */
const arriving = (world: World, sale: Sale, deliveredGrams: number, siteId: string | undefined) => {
  if (siteId === undefined) return {};
  if (world.get(sites, siteId)?.organisationId !== sale.buyerId)
    throw unprocessable('unknown_site', '/siteId', 'no such site of the buyer');
  const lot = world.get(lots, sale.lotId)!;
  const isWhole = deliveredGrams >= sale.grams - sale.returnedGrams;
  // Where the buyer moved it on already, it stays where it went.
  const waits = lot.siteId === null && lot.shipmentId === null && lot.organisationId === sale.buyerId;
  return isWhole && waits ? { lot: { lotId: lot.id, seq: lot.lastSeq } } : {};
};

/** @param programme whose operator stands for natural persons */
export const saleOperations = (
  ids: AccountIds,
  programme: { operatorId: string },
): {
  sellBatch: Operation<OfBatch<SaleRequest>, SaleAnswer>;
  deliverBatch: Operation<OfBatch<DeliveryRequest>, DeliveryAnswer>;
  payBatch: Operation<OfBatch<PaymentRequest>, PaymentAnswer>;
  bookCost: Operation<OfBatch<CostRequest>, CostAnswer>;
} => ({
  sellBatch: {
    name: 'batch.sell',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller, id, now, newId }) {
      const { buyerOrganisationId: buyerId, price, contract } = input;
      const batch = ownBatch(world, caller, input.batchId);
      checkBuyer(world, batch, buyerId, '/buyerOrganisationId');
      checkReservation(batch, now, buyerId);
      const lot = useOf(world.get(lots, batch.lotId)!, batch.organisationId, input.grams);
      const amount = fits(inProportion(price.amount, lot.grams, price.perGrams), '/price');
      return draft({
        type: batchSold,
        ...actorOf(world, caller, programme),
        data: {
          batchId: batch.id,
          seq: batch.lastSeq,
          saleId: id,
          lot,
          soldLotId: newId(),
          material: batch.material,
          form: batch.form,
        },
        private: {
          keyId: caller.keyId,
          buyerId,
          price,
          total: { amount, currency: price.currency },
          ...saleEntry(world, ids, batch, { buyerId, amount, currency: price.currency }),
          ...(contract === undefined ? {} : { contract }),
        },
      });
    },
    answer: ({ data, private: more }) => ({
      id: data.saleId,
      grams: data.lot.grams,
      total: more.total,
      lotId: data.soldLotId,
    }),
  },
  deliverBatch: {
    name: 'batch.deliver',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller }) {
      const { grams, deliveredAt, siteId, note } = input;
      const batch = ownBatch(world, caller, input.batchId);
      const sale = saleOf(world, batch, input.saleId);
      const leftGrams = sale.grams - sale.deliveredGrams;
      if (grams > leftGrams)
        throw conflict('over_delivered', `${leftGrams} g of this sale are still to be delivered.`, {
          saleId: sale.id,
          seq: sale.lastSeq,
          grams: leftGrams,
        });
      const deliveredGrams = sale.deliveredGrams + grams;
      return draft({
        type: batchDelivered,
        ...actorOf(world, caller, programme),
        data: {
          batchId: batch.id,
          saleId: sale.id,
          seq: sale.lastSeq,
          grams,
          deliveredGrams,
          ...arriving(world, sale, deliveredGrams, siteId),
        },
        private: {
          keyId: caller.keyId,
          deliveredAt,
          ...(siteId === undefined ? {} : { siteId }),
          ...(note === undefined ? {} : { note }),
        },
      });
    },
    answer: ({ data: { saleId, grams, deliveredGrams } }) => ({ saleId, grams, deliveredGrams }),
  },
  payBatch: {
    name: 'batch.pay',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller }) {
      const { amount: money, receivedAt, reference } = input;
      const batch = ownBatch(world, caller, input.batchId);
      const sale = saleOf(world, batch, input.saleId);
      checkCurrency(sale, money, '/amount/currency');
      const owed = outstandingOf(sale);
      if (money.amount > owed)
        throw conflict('overpaid', `${Math.max(0, owed)} ${sale.currency} minor units are still owed.`, {
          saleId: sale.id,
          seq: sale.lastSeq,
          outstanding: owed,
        });
      return draft({
        type: batchPaid,
        ...actorOf(world, caller, programme),
        data: { batchId: batch.id, saleId: sale.id, seq: sale.lastSeq },
        private: {
          keyId: caller.keyId,
          amount: money,
          receivedAt,
          ...(reference === undefined ? {} : { reference }),
          received: sale.received + money.amount,
          outstanding: owed - money.amount,
          ...paymentEntry(world, ids, batch, { ...money, buyerId: sale.buyerId }),
        },
      });
    },
    answer: ({ data: { saleId }, private: { amount, received, outstanding } }) => ({
      saleId,
      received: { amount: received, currency: amount.currency },
      outstanding: { amount: outstanding, currency: amount.currency },
    }),
  },
  bookCost: {
    name: 'batch.book-cost',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller }) {
      const { kind, amount: money, incurredAt, reference } = input;
      const batch = ownBatch(world, caller, input.batchId);
      return draft({
        type: costBooked,
        ...actorOf(world, caller, programme),
        data: { batchId: batch.id, seq: batch.lastSeq },
        private: {
          keyId: caller.keyId,
          kind,
          amount: money,
          incurredAt,
          ...(reference === undefined ? {} : { reference }),
          sum: fits((batch.costs[money.currency] ?? 0) + money.amount, '/amount/amount'),
          ...costEntry(world, ids, batch, money),
        },
      });
    },
    answer: ({ data: { batchId }, private: { amount, sum } }) => ({
      batchId,
      costs: { amount: sum, currency: amount.currency },
    }),
  },
});
