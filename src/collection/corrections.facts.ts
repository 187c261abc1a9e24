import { z } from 'zod';
import { BookEntry, post } from '../accounts/book.ts';
import { Id, Money, note, Seq, TotalGrams } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { changeLot, openLot } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import { openCase } from '../supervision/open-case.ts';
import { applyTax, TaxChange } from '../taxes/withholding.ts';
import { Deduction } from './collection.schema.ts';
import { weighInChanges, weighIns } from './corrections.tables.ts';
import { Earned } from './earning.ts';
import { earningChanges, provisionalEarnings } from './earnings.tables.ts';

const Corrected = z.strictObject({
  lotId: Id,
  /** The last fact that changed the lot. */
  seq: Seq,
  siteId: Id,
  originClass: z.string(),
  originEvidence: z.string(),
  grossGrams: TotalGrams,
  tareGrams: TotalGrams,
  deductionGrams: TotalGrams,
  payGrams: TotalGrams,
  claimableGrams: TotalGrams,
  bookedGrams: TotalGrams,
  /** What became of the weigh-in's own lot. */
  lotChangeGrams: z.int(),
  deficitGrams: TotalGrams,
  surplus: z
    .strictObject({ lotId: Id, material: z.string(), form: z.string(), grams: TotalGrams })
    .optional(),
  case: z.strictObject({ caseId: Id, grams: TotalGrams }).optional(),
});
const CorrectedPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  deductions: z.array(Deduction),
  count: z.int().optional(),
  earning: Money.optional(),
  earningBefore: Money.optional(),
  earned: z.array(Earned).optional(),
  /** What is withheld further, or given back. */
  tax: z.array(TaxChange).optional(),
  book: BookEntry.optional(),
  /** Those who profit, and may not decide the case. */
  organisationIds: z.array(Id).optional(),
  reason: note(2_000),
  disputeId: Id.optional(),
  weighingId: Id.optional(),
});

export const collectionCorrected: FactType<z.infer<typeof Corrected>, z.infer<typeof CorrectedPrivate>> = {
  type: 'collection.corrected.v1',
  title: { en: 'Weigh-in corrected', zh: '称重更正' },
  data: Corrected,
  private: CorrectedPrivate,
  grams:
    'Down by what the own lot still holds, the rest is a deficit; up into the lot before the first draw, later a surplus lot.',
  fen: 'The earning in the private part stands in place of the one before: more is owed, less is taken off what is unpaid of it, and what was paid beyond it stands as overpaid.',
  backPointers: ['seq'],
  apply(world, { seq, data, private: more }) {
    post(world, seq, more.book);
    applyTax(world, seq, data.lotId, more.tax);
    changeEarning(world, seq, data.lotId, more.earned);
    const lot = world.get(lots, data.lotId)!;
    changeLot(world, lot.id, seq, {
      grams: lot.grams + data.lotChangeGrams,
      originClass: data.originClass,
    });
    const site = world.get(sites, data.siteId)!;
    if (data.surplus !== undefined) {
      const { lotId: id, ...surplus } = data.surplus;
      openLot(world, {
        id,
        seq,
        place: 0,
        kind: 'surplus',
        organisationId: site.organisationId,
        siteId: site.id,
        originClass: 'none',
        ...surplus,
      });
    }
    if (data.case !== undefined)
      openCase(world, {
        id: data.case.caseId,
        seq,
        kind: 'weigh-in-deficit',
        subjectId: data.lotId,
        organisationIds: more.organisationIds ?? [],
        siteIds: [site.id],
        lotIds: [],
        measuredGrams: 0,
        grams: data.case.grams,
      });
    world.put(weighIns, {
      lotId: data.lotId,
      collectionId: more.id,
      seq: lot.seq,
      lastSeq: seq,
      grossGrams: data.grossGrams,
      tareGrams: data.tareGrams,
      deductions: more.deductions,
      deductionGrams: data.deductionGrams,
      payGrams: data.payGrams,
      claimableGrams: data.claimableGrams,
      count: more.count ?? null,
      originClass: data.originClass,
      originEvidence: data.originEvidence,
      bookedGrams: data.bookedGrams,
      deficitGrams: data.deficitGrams,
      earning: more.earning ?? null,
      earned: more.earned ?? [],
      state: 'corrected',
    });
    const netGrams = data.grossGrams - data.tareGrams;
    world.add(weighInChanges, { lotId: data.lotId, seq, netGrams, voided: false });
  },
};

/** What waits for a decision about a corrected weigh-in. */
const changeEarning = (world: World, seq: number, lotId: string, earned: readonly Earned[] = []): void => {
  if (earned.length > 0) world.add(earningChanges, { seq, lotId });
  const waiting = world.get(provisionalEarnings, lotId);
  if (waiting?.state !== 'open') return;
  const parts = earned.map(({ accountId, provisionalId, waits }) => ({
    accountId,
    provisionalId,
    amount: waits,
  }));
  world.put(provisionalEarnings, { ...waiting, lastSeq: seq, parts });
};

const Voided = z.strictObject({
  lotId: Id,
  /** The last fact that changed the lot. */
  seq: Seq,
  siteId: Id,
  /** Taken out of the lot; 0 where somebody drew on it, and then its grams stay. */
  loweredGrams: TotalGrams,
});
const VoidedPrivate = z.strictObject({
  id: Id,
  keyId: Id,
  earningBefore: Money.optional(),
  earned: z.array(Earned).optional(),
  /** What is withheld further, or given back. */
  tax: z.array(TaxChange).optional(),
  book: BookEntry.optional(),
  reason: note(2_000),
  /** The weigh-in as it stood, so that it can still be read. */
  stood: z.strictObject({
    grossGrams: TotalGrams,
    tareGrams: TotalGrams,
    deductions: z.array(Deduction),
    deductionGrams: TotalGrams,
    count: z.int().optional(),
    originClass: z.string(),
    originEvidence: z.string(),
    bookedGrams: TotalGrams,
    deficitGrams: TotalGrams,
  }),
});

export const collectionVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'collection.voided.v1',
  title: { en: 'Weigh-in voided', zh: '称重作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'Its lot goes to nothing; once somebody drew on it, its grams stay and are never claimable.',
  fen: 'Nothing is owed for it any more; what was paid stands as overpaid.',
  backPointers: ['seq'],
  apply(world, { seq, data, private: more }) {
    post(world, seq, more.book);
    applyTax(world, seq, data.lotId, more.tax);
    changeEarning(world, seq, data.lotId, more.earned);
    const lot = world.get(lots, data.lotId)!;
    changeLot(world, lot.id, seq, { grams: lot.grams - data.loweredGrams });
    const { count, ...stood } = more.stood;
    world.put(weighIns, {
      lotId: data.lotId,
      collectionId: more.id,
      seq: lot.seq,
      lastSeq: seq,
      ...stood,
      count: count ?? null,
      payGrams: 0,
      claimableGrams: 0,
      earning: null,
      earned: more.earned ?? [],
      state: 'voided',
    });
    world.add(weighInChanges, { lotId: data.lotId, seq, netGrams: 0, voided: true });
  },
};

export const correctionFacts = [collectionCorrected, collectionVoided];
