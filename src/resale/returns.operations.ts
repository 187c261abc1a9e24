import type { AccountIds } from '../accounts/book.ts';
import { settleLoad, siteToleranceGrams, wayLossKind } from '../custody/custody.ts';
import { conflict, unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { lots } from '../lots/lots.tables.ts';
import { reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { ownBatch, saleOf, useOf } from './held.ts';
import type { OfBatch } from './keeping.operations.ts';
import { SEALERS } from './resale.operations.ts';
import { batchReturned } from './returns.facts.ts';
import { saleEntry } from './sales.book.ts';
import { checkCurrency, outstandingOf } from './sales.operations.ts';
import type { ReturnRequest } from './sales.schema.ts';
import type { Sale } from './sales.tables.ts';

export type ReturnAnswer = {
  saleId: string;
  lotId: string;
  bookedGrams: number;
  measuredGrams: number;
  toleranceGrams: number;
  lossGrams: number;
  surplusGrams: number;
  surplusLotId?: string;
  caseId?: string;
  onHold: boolean;
  outstanding: { amount: number; currency: string };
};

/** 422 `other_currency`; 409 `over_credited` with what may still be credited. */
const checkCredit = (sale: Sale, creditNote: ReturnRequest['creditNote']): number => {
  if (creditNote === undefined) return 0;
  checkCurrency(sale, creditNote, '/creditNote/currency');
  const left = sale.total - sale.credited;
  if (creditNote.amount > left)
    throw conflict(
      'over_credited',
      `${left} ${sale.currency} minor units of this sale may still be credited.`,
      {
        saleId: sale.id,
        seq: sale.lastSeq,
        left,
      },
    );
  return creditNote.amount;
};

/** @param programme whose operator stands for natural persons */
export const returnOperations = (
  ids: AccountIds,
  programme: { operatorId: string },
): { returnBatch: Operation<OfBatch<ReturnRequest>, ReturnAnswer> } => ({
  returnBatch: {
    name: 'batch.return',
    roles: SEALERS,
    status: 201,
    decide(world, input, { caller, newId }) {
      const batch = ownBatch(world, caller, input.batchId);
      const site = reachableSite(world, caller, input.siteId);
      if (site.organisationId !== batch.organisationId)
        throw unprocessable('unknown_site', '/siteId', 'must be a site of the organisation that sold');
      const sale = saleOf(world, batch, input.saleId);
      const credit = checkCredit(sale, input.creditNote);
      const lot = useOf(world.get(lots, sale.lotId)!, sale.buyerId, input.grams);
      const measuredGrams = input.measuredGrams ?? input.grams;
      const toleranceGrams = siteToleranceGrams(input.grams, site.toleranceBasisPoints);
      // As a receipt: within tolerance a loss, beyond it a case (domain, "Three weights").
      const { lossGrams, missingGrams, surplusGrams, caseKind } = settleLoad(
        [input.grams],
        measuredGrams,
        toleranceGrams,
      );
      const { material, form } = batch;
      return draft({
        type: batchReturned,
        ...actorOf(world, caller, programme),
        data: {
          batchId: batch.id,
          saleId: sale.id,
          seq: sale.lastSeq,
          siteId: site.id,
          siteSeq: site.lastSeq,
          lot,
          returnLotId: newId(),
          material,
          form,
          measuredGrams,
          toleranceGrams,
          lossGrams,
          ...(lossGrams === 0 ? {} : { lossKind: wayLossKind(lossGrams, 0) }),
          missingGrams,
          surplusGrams,
          ...(surplusGrams === 0 ? {} : { surplus: { lotId: newId(), material, form, grams: surplusGrams } }),
          ...(caseKind === null
            ? {}
            : { case: { caseId: newId(), kind: caseKind, grams: missingGrams + surplusGrams } }),
        },
        private: {
          keyId: caller.keyId,
          ...(input.creditNote === undefined ? {} : { creditNote: input.creditNote }),
          credited: sale.credited + credit,
          outstanding: outstandingOf(sale) - credit,
          currency: sale.currency,
          returnedAt: input.returnedAt,
          reason: input.reason,
          ...saleEntry(world, ids, batch, { ...sale, amount: -credit }),
          ...(caseKind === null
            ? {}
            : {
                organisationIds: [...new Set([batch.organisationId, sale.buyerId, caller.organisationId])],
              }),
        },
      });
    },
    answer: ({ data, private: { outstanding, currency } }) => ({
      saleId: data.saleId,
      lotId: data.returnLotId,
      bookedGrams: data.lot.grams,
      measuredGrams: data.measuredGrams,
      toleranceGrams: data.toleranceGrams,
      lossGrams: data.lossGrams,
      surplusGrams: data.surplusGrams,
      ...(data.surplus === undefined ? {} : { surplusLotId: data.surplus.lotId }),
      ...(data.case === undefined ? {} : { caseId: data.case.caseId }),
      onHold: data.case?.kind === 'receipt-short',
      outstanding: { amount: outstanding, currency },
    }),
  },
});
