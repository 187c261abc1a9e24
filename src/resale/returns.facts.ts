import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Id, Money, note, Seq, Time, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { drawFrom, LotUse, openLot } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { openCase } from '../supervision/open-case.ts';
import { batchEntries, batchEntry, batchSales } from './sales.tables.ts';

const Returned = z.strictObject({
  batchId: Id,
  saleId: Id,
  /** The last fact that changed the sale. */
  seq: Seq,
  siteId: Id,
  /** The last fact that changed the site's settings, its tolerance among them. */
  siteSeq: Seq,
  /** What is drawn from the lot of the buyer, as booked. */
  lot: LotUse,
  /** The lot that stands at the site then: booked − lost. */
  returnLotId: Id,
  material: z.string(),
  form: z.string(),
  measuredGrams: TotalGrams,
  toleranceGrams: TotalGrams,
  lossGrams: TotalGrams,
  lossKind: z.string().optional(),
  missingGrams: TotalGrams,
  surplusGrams: TotalGrams,
  surplus: z
    .strictObject({ lotId: Id, material: z.string(), form: z.string(), grams: TotalGrams })
    .optional(),
  case: z
    .strictObject({ caseId: Id, kind: z.enum(['receipt-short', 'receipt-surplus']), grams: TotalGrams })
    .optional(),
});
const ReturnedPrivate = z.strictObject({
  keyId: Id,
  creditNote: Money.optional(),
  /** Minor units credited on the sale by then, this included, and what is still owed. */
  credited: z.int(),
  outstanding: z.int(),
  currency: z.string(),
  returnedAt: Time,
  reason: note(2_000),
  /** Those who profit, and may not decide the case. */
  organisationIds: z.array(Id).optional(),
  book: BookEntry.optional(),
});

export const batchReturned: FactType<z.infer<typeof Returned>, z.infer<typeof ReturnedPrivate>> = {
  type: 'batch.returned.v1',
  title: { en: 'Batch returned', zh: '批次退货' },
  data: Returned,
  private: ReturnedPrivate,
  grams:
    'Drawn from the lot of the buyer into a lot at the site. A shortage within tolerance is lost on the way; beyond it the lot keeps its grams, on hold. What exceeds them is a surplus lot of origin none.',
  fen: 'A credit note lowers what the buyer owes, and the income of the seller.',
  backPointers: ['seq', 'siteSeq', 'lot.seq'],
  apply(world, { seq, data, private: more }) {
    const { batchId, saleId, siteId, returnLotId, material, form } = data;
    post(world, seq, more.book);
    const { organisationId } = world.get(sites, siteId)!;
    const { originClass } = drawFrom(world, data.lot, seq);
    const held = (kind: string) => (data.case?.kind === kind ? data.case.caseId : null);
    const at = { seq, organisationId, siteId };
    openLot(world, {
      ...at,
      id: returnLotId,
      place: 0,
      kind: 'return',
      material,
      form,
      originClass,
      grams: data.lot.grams - data.lossGrams,
      heldBy: held('receipt-short'),
    });
    if (data.surplus !== undefined) {
      const { lotId: id, ...surplus } = data.surplus;
      openLot(world, {
        ...at,
        id,
        place: 1,
        kind: 'surplus',
        originClass: 'none',
        heldBy: held('receipt-surplus'),
        ...surplus,
      });
    }
    if (data.case !== undefined)
      openCase(world, {
        id: data.case.caseId,
        seq,
        kind: data.case.kind,
        subjectId: saleId,
        organisationIds: more.organisationIds ?? [],
        siteIds: [siteId],
        lotIds: [data.case.kind === 'receipt-short' ? returnLotId : data.surplus!.lotId],
        measuredGrams: data.measuredGrams,
        grams: data.case.grams,
      });
    const sale = world.get(batchSales, saleId)!;
    world.put(batchSales, {
      ...sale,
      returnedGrams: sale.returnedGrams + data.lot.grams,
      credited: more.credited,
      lastSeq: seq,
    });
    world.add(
      batchEntries,
      batchEntry({
        seq,
        batchId,
        saleId,
        kind: 'return',
        grams: data.lot.grams,
        ...more.creditNote,
        at: more.returnedAt,
        siteId,
        note: more.reason,
      }),
    );
  },
};

export const returnFacts = [batchReturned];
