import { z } from 'zod';
import { payments } from '../accounts/accounts.tables.ts';
import { post } from '../accounts/book.ts';
import { nameFilling } from '../containers/containers.facts.ts';
import { applyCash } from '../floats/cash.ts';
import { Cell, Day, Id, Position, Sha256Hex, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { openLot } from '../lots/lots.ts';
import { collectors, sites } from '../registry/registry.tables.ts';
import { applyTax } from '../taxes/withholding.ts';
import { AttestedObject } from './attestation.ts';
import { Deduction, Quote, Settlement } from './collection.schema.ts';
import { DECIDE_WITHIN_MS, EARNING_PART } from './earning.ts';
import { provisionalEarnings } from './earnings.tables.ts';
import { LateCountShape, lostToCount, useUpCount } from './late-count.ts';
import { fileSlip } from './slips.ts';

/** Public in a collection are exactly these (ledger format, "What is open and what is sealed"). */
const Recorded = z.strictObject({
  lotId: Id,
  siteId: Id,
  day: Day,
  cell: Cell,
  material: z.string(),
  form: z.string(),
  originClass: z.string(),
  originEvidence: z.string(),
  basis: z.string(),
  grossGrams: z.int().min(1),
  tareGrams: z.int().min(0),
  deductionGrams: z.int().min(0),
  payGrams: z.int().min(0),
  claimableGrams: z.int().min(0),
  marks: z.array(z.string()),
  /** The filling of the container it went into; what the client calls the container is private. */
  container: Id.optional(),
  /** Of a weigh-in from before the cut-off of a count that is recorded already: what of the count it uses up. */
  count: LateCountShape.optional(),
});

const Place = {
  collectedAt: z.string(),
  location: Position.optional(),
  evidence: z.array(Sha256Hex).optional(),
  quote: Quote.optional(),
  settlement: Settlement.optional(),
};
const Private = z.strictObject({
  id: Id,
  keyId: Id,
  bagTag: text(60).optional(),
  /** The number of the slip of the station's book, and what is said of it where it was typed in later. */
  slipNo: text(60).optional(),
  paper: z.strictObject({ writtenBy: text(120).optional() }).optional(),
  vesselId: Id.optional(),
  containerId: Id.optional(),
  deviceId: Id.optional(),
  counter: z.int().optional(),
  /** Of a device that was enrolled again, the key that signed: 1 for the second; left out for the first. */
  deviceKey: z.int().min(1).optional(),
  funding: text(60).optional(),
  count: z.int().optional(),
  gramsPerPiece: z.strictObject({ version: z.string(), grams: z.int() }).optional(),
  deductions: z.array(Deduction).optional(),
  ...EARNING_PART,
  attestation: z.strictObject({ signed: AttestedObject, signature: z.string() }).optional(),
  /** Those who profit, and may not decide the case of a late weigh-in. */
  organisationIds: z.array(Id).optional(),
  /** Here when the weigh-in names nobody; else in each person's part. */
  ...{ ...Place, collectedAt: z.string().optional() },
});
export type CollectionData = z.infer<typeof Recorded>;
export type CollectionPrivate = z.infer<typeof Private>;

export const collectionRecorded: FactType<CollectionData, CollectionPrivate> = {
  type: 'collection.recorded.v1',
  title: { en: 'Weigh-in recorded', zh: '称重入账' },
  data: Recorded,
  private: Private,
  person: z.strictObject({ collectorId: Id, share: z.int().optional(), ...Place }),
  grams:
    'A lot of grossGrams − tareGrams comes in at the site. What a count had counted of it already is taken off the surplus of that count; a shortage of that count is returned and drawn again with this lot among the others; what the count had no surplus for is on hold until a case is decided.',
  fen: 'The earning in the private part is owed, part of it provisionally while a mark is open; what was given at the scale is taken off it. The buyer of record has spent it.',
  backPointers: [
    'count.seq',
    'count.surplus.seq',
    'count.shortage.lots[].seq',
    'count.shortage.lots[].drawnSeq',
  ],
  apply(world, { seq, at, data, private: more, people }) {
    const site = world.get(sites, data.siteId)!;
    if (data.container !== undefined) nameFilling(world, more.containerId!, data.container, seq);
    if (data.count !== undefined) useUpCount(world, seq, data, data.count, more.organisationIds ?? []);
    openLot(world, {
      id: data.lotId,
      seq,
      place: 0,
      kind: 'weigh-in',
      organisationId: site.organisationId,
      siteId: site.id,
      material: data.material,
      form: data.form,
      originClass: data.originClass,
      grams: data.grossGrams - data.tareGrams - lostToCount(data.count),
      containerId: data.container === undefined ? null : more.containerId!,
      heldBy: data.count?.case?.caseId ?? null,
    });
    fileSlip(
      world,
      { ...data, slipNo: more.slipNo, bagTag: more.bagTag, fromPaper: more.paper !== undefined },
      { seq, collectionId: more.id, lotId: data.lotId },
    );
    post(world, seq, more.book);
    applyTax(world, seq, data.lotId, more.tax, true);
    applyCash(world, seq, data.day, more.cash);
    notePaidAtScale(world, seq, at, more);
    if (more.earned?.some(({ waits }) => waits > 0))
      world.put(provisionalEarnings, {
        ...{ lotId: data.lotId, collectionId: more.id, siteId: data.siteId, seq, lastSeq: seq },
        dueAt: at + DECIDE_WITHIN_MS,
        parts: more.earned.map(({ accountId, provisionalId, waits }) => ({
          ...{ accountId, provisionalId, amount: waits },
        })),
        state: 'open',
      });
    for (const person of people) {
      if (person === null || world.get(collectors, person.personId) !== undefined) continue;
      world.put(collectors, {
        id: person.personId,
        organisationId: null,
        siteId: null,
        consentVersion: null,
        state: 'unresolved',
        seq,
        lastSeq: seq,
      });
    }
  },
};

/** What was given at the scale of what is owed, by account. */
const notePaidAtScale = (world: World, seq: number, at: number, { earned = [], cash }: CollectionPrivate) => {
  const sums = new Map<string, number>();
  for (const { accountId, settled, overpaid } of earned)
    if (settled > overpaid) sums.set(accountId, (sums.get(accountId) ?? 0) + settled - overpaid);
  const by = cash === undefined ? 'scale-goods' : 'scale-cash';
  for (const [accountId, amount] of sums)
    world.add(payments, { accountId, seq, at, by, amount, sent: amount });
};

export const collectionFacts = [collectionRecorded];
