import { z } from 'zod';
import { type AccountIds, BookEntry, post } from '../accounts/book.ts';
import { conflict } from '../kernel/errors.ts';
import { Id, Money, note, Seq, TotalGrams } from '../kernel/values.ts';
import { type AnyFact, draft, type FactType, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { changeLot, LotUse, returnTo } from '../lots/lots.ts';
import { givenBack } from '../lots/undo.ts';
import { actorOf } from '../registry/actor.ts';
import { openQuestion, withdrawCase } from '../supervision/withdrawn.ts';
import type { EntryVoidAnswer } from './entry-voids.ts';
import { namedSale, ownBatch } from './held.ts';
import { SEALERS } from './resale.operations.ts';
import { saleEntry } from './sales.book.ts';
import { outstandingOf } from './sales.operations.ts';
import { batchEntries, batchEntry, batchEntryVoids, batchSales, entryKey } from './sales.tables.ts';

const Gone = LotUse.extend({ grams: TotalGrams });
const Voided = z.strictObject({
  batchId: Id,
  saleId: Id,
  /** The last fact that changed the sale, and the return that is undone. */
  seq: Seq,
  returnedSeq: Seq,
  siteId: Id,
  /** The lot that stood at the site, which then is no more, and what it gets back of its loss before. */
  lot: Gone,
  lossGrams: TotalGrams,
  /** The lot of the buyer, which gets back all that was taken from it. */
  to: LotUse,
  surplus: Gone.optional(),
  /** The open case of the return, which then asks nothing. */
  case: z.strictObject({ caseId: Id, seq: Seq }).optional(),
});
const VoidedPrivate = z.strictObject({
  keyId: Id,
  reason: note(2_000),
  /** Of the credit note, minor units credited without it, and what is owed then. */
  creditNote: Money.optional(),
  credited: z.int(),
  outstanding: z.int(),
  /** The time the return bears. */
  at: z.string(),
  book: BookEntry.optional(),
});

export const returnVoided: FactType<z.infer<typeof Voided>, z.infer<typeof VoidedPrivate>> = {
  type: 'batch.return-voided.v1',
  title: { en: 'Return of a batch voided', zh: '退货作废' },
  data: Voided,
  private: VoidedPrivate,
  grams: 'The very grams go back to the lot of the buyer; what stood at the site, and a surplus, hold none.',
  fen: 'A credit note counts no more: it is taken off what was credited, and counter-posted.',
  backPointers: ['seq', 'returnedSeq', 'lot.seq', 'to.seq', 'surplus.seq', 'case.seq'],
  apply(world, { seq, data, private: more }) {
    post(world, seq, more.book);
    const { batchId, saleId, returnedSeq } = data;
    for (const gone of [data.lot, data.surplus])
      if (gone !== undefined) changeLot(world, gone.lotId, seq, { grams: 0, heldBy: null });
    returnTo(world, data.to, seq);
    if (data.case !== undefined) withdrawCase(world, data.case.caseId, seq);
    const sale = world.get(batchSales, saleId)!;
    const returnedGrams = sale.returnedGrams - data.to.grams;
    world.put(batchSales, { ...sale, returnedGrams, credited: more.credited, lastSeq: seq });
    // Asked for first: the door must know that there is none yet.
    world.get(batchEntryVoids, entryKey(batchId, returnedSeq));
    world.put(batchEntryVoids, { id: entryKey(batchId, returnedSeq), seq });
    world.add(batchEntries, {
      ...batchEntry({ seq, batchId, saleId, kind: 'return', at: more.at, note: more.reason }),
      voids: returnedSeq,
      grams: -data.to.grams,
      amount: more.creditNote === undefined ? null : -more.creditNote.amount,
      currency: more.creditNote?.currency ?? null,
    });
  },
};

export const returnVoidFacts = [returnVoided];

export type ReturnVoidInput = {
  batchId: string;
  reason: string;
  /** The return as it was recorded, read before the door: it never changes. */
  returned: AnyFact;
};

/** A lot the return made, as it made it: 409 `in_use` once somebody used or moved it. Its own open case may hold it. */
const unused = (
  world: World,
  made: { lotId: string; grams: number },
  siteId: string,
  caseId: string | undefined,
): z.infer<typeof Gone> => {
  const { id: lotId, lastSeq: seq, heldBy, ...lot } = world.get(lots, made.lotId)!;
  const isFree = heldBy === null || heldBy === caseId;
  if (lot.grams !== made.grams || lot.siteId !== siteId || !isFree)
    throw conflict('in_use', 'What came back was used since; undo that first.', {
      lotId,
      seq,
      grams: lot.grams,
      siteId: lot.siteId,
    });
  return { lotId, seq, grams: lot.grams };
};

/** @param programme whose operator stands for natural persons */
export const returnVoidOperation = (
  ids: AccountIds,
  programme: { operatorId: string },
): Operation<ReturnVoidInput, EntryVoidAnswer> => ({
  name: 'batch.void-return',
  roles: SEALERS,
  status: 201,
  decide(world, { batchId, reason, returned }, { caller }) {
    const batch = ownBatch(world, caller, batchId);
    const { data, private: more, seq: returnedSeq } = returned;
    const voided = world.get(batchEntryVoids, entryKey(batch.id, returnedSeq));
    if (voided !== undefined)
      throw conflict('already_voided', 'This entry was voided already.', {
        entrySeq: returnedSeq,
        seq: voided.seq,
      });
    const sale = namedSale(world, batch, data.saleId);
    const { siteId, lossGrams, surplus, case: asked } = data;
    const question = asked === undefined ? undefined : openQuestion(world, asked.caseId);
    const made = { lotId: data.returnLotId, grams: data.lot.grams - lossGrams };
    // Wherever the buyer keeps the rest of it: there what was taken stands again.
    const stands = { siteId: world.get(lots, sale.lotId)!.siteId, organisationId: sale.buyerId };
    const [to] = givenBack(world, [{ lotId: sale.lotId, grams: data.lot.grams }], stands);
    const credit: number = more.creditNote?.amount ?? 0;
    return draft({
      type: returnVoided,
      ...actorOf(world, caller, programme),
      data: {
        batchId: batch.id,
        saleId: sale.id,
        seq: sale.lastSeq,
        returnedSeq,
        siteId,
        lot: unused(world, made, siteId, asked?.caseId),
        lossGrams,
        to: to!,
        ...(surplus === undefined ? {} : { surplus: unused(world, surplus, siteId, asked?.caseId) }),
        ...(question === undefined ? {} : { case: question }),
      },
      private: {
        keyId: caller.keyId,
        reason,
        ...(credit === 0 ? {} : { creditNote: more.creditNote }),
        credited: sale.credited - credit,
        outstanding: outstandingOf(sale) + credit,
        at: more.returnedAt,
        ...saleEntry(world, ids, batch, { ...sale, amount: credit }),
      },
    });
  },
  answer: ({ data }) => ({ batchId: data.batchId, entrySeq: data.returnedSeq, kind: 'return' }),
});
