import { z } from 'zod';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { type Claim, claims, gramBooks, productClaims } from './claims.tables.ts';
import { bookOf, changePart, endPart, statementGrams, takeSerials } from './gram-book.ts';

const Gram = TotalGrams.min(1);
/** Serial grams of the sale, first and last included. */
export const Ranges = z.array(z.tuple([Gram, Gram])).max(100);
const Named = z.strictObject({
  statementId: Id,
  /** The last fact that changed the statement. */
  seq: Seq,
});
const By = z.strictObject({ keyId: Id });

const Reserved = z.strictObject({
  claimId: Id,
  batchId: Id,
  saleId: Id,
  statements: z.array(Named).min(1).max(5),
  exclusionGroup: z.enum(['content', 'offset']),
  grams: Gram,
  ranges: Ranges,
  /** Milliseconds since 1970; then the reservation falls. */
  until: z.int(),
});
const ReservedPrivate = By.extend({ sellerId: Id, holderId: Id });

export const claimReserved: FactType<z.infer<typeof Reserved>, z.infer<typeof ReservedPrivate>> = {
  type: 'claim.reserved.v1',
  title: { en: 'Grams reserved for a claim', zh: '声明额度预留' },
  data: Reserved,
  private: ReservedPrivate,
  grams: 'None move; the serial grams are kept for this claim.',
  fen: 'none',
  backPointers: ['statements[].seq'],
  apply(world, { seq, at, data, private: { sellerId, holderId } }) {
    const { claimId: id, statements, until: reservedUntil, ...said } = data;
    const statementIds = statements.map(({ statementId }) => statementId);
    const claim: Claim = {
      ...said,
      ...{ id, seq, lastSeq: seq, statementIds, sellerId, holderId, state: 'reserved', reservedUntil },
      ...{ before: null, cause: null, changedAt: at, splitFrom: null, productId: null, retirement: null },
    };
    world.put(claims, claim);
    const book = takeSerials(bookOf(world, said.saleId), statementIds, said.ranges);
    world.put(gramBooks, { ...book, reserved: book.reserved + said.grams, lastSeq: seq });
  },
};

const Step = z.strictObject({
  claimId: Id,
  /** The last fact that changed the claim. */
  seq: Seq,
});
type Step = z.infer<typeof Step>;

export const claimIssued: FactType<Step, z.infer<typeof By>> = {
  type: 'claim.issued.v1',
  title: { en: 'Claim issued', zh: '声明额度签发' },
  data: Step,
  private: By,
  grams: 'None move; the claimed grams may be traded.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data }) {
    const claim = world.get(claims, data.claimId)!;
    world.put(claims, { ...claim, state: 'issued', reservedUntil: null, changedAt: at, lastSeq: seq });
    const book = bookOf(world, claim.saleId);
    const { grams } = claim;
    world.put(gramBooks, {
      ...book,
      reserved: book.reserved - grams,
      issued: book.issued + grams,
      tradable: book.tradable + grams,
      lastSeq: seq,
    });
  },
};

const Some = z.strictObject({ grams: Gram, ranges: Ranges.min(1) });
const PartStep = Step.extend({
  /** The grams meant: under the claim's own id when they are all of it. */
  moved: Some.extend({ claimId: Id }),
  /** What stays with the claim where they are not. */
  left: Some.optional(),
});

const TransferredPrivate = By.extend({
  toId: Id,
  /** The papers the goods went with: content goes with the material. */
  goods: z.strictObject({ reference: text(200), sha256: z.string().length(64).optional() }).optional(),
  note: note(2_000).optional(),
});
export const claimTransferred: FactType<z.infer<typeof PartStep>, z.infer<typeof TransferredPrivate>> = {
  type: 'claim.transferred.v1',
  title: { en: 'Claim transferred', zh: '声明额度转让' },
  data: PartStep,
  private: TransferredPrivate,
  grams: 'None move; the claimed grams have another holder.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data, private: { toId: holderId } }) {
    changePart(world, { seq, at }, data, { state: 'transferred', holderId });
  },
};

const Retired = PartStep.extend({
  /** Whether the one it was retired for agreed to be named. */
  named: z.boolean(),
  /** Of a product's mass; absent where it is retired into none. */
  basisPoints: z.int().min(0).max(10_000).optional(),
  units: Gram.optional(),
  /** What may be said of it, as generated. */
  text: z.strictObject({ en: z.string(), zh: z.string() }),
});
const RetiredPrivate = By.extend({
  beneficiaryId: Id.optional(),
  consent: text(500).optional(),
  purpose: text(500).optional(),
  productId: Id.optional(),
  market: text(2).optional(),
});
export const claimRetired: FactType<z.infer<typeof Retired>, z.infer<typeof RetiredPrivate>> = {
  type: 'claim.retired.v1',
  title: { en: 'Claim retired', zh: '声明额度注销使用' },
  data: Retired,
  private: RetiredPrivate,
  grams: 'None move; the claimed grams are used up.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data, private: more }) {
    const { named, basisPoints = null, units = null, text: said } = data;
    const { beneficiaryId = null, purpose = null, market = null, productId = null } = more;
    const { saleId } = changePart(world, { seq, at }, data, {
      ...{ state: 'retired', productId },
      retirement: { ...{ at, named, beneficiaryId, purpose, market, basisPoints, units }, text: said },
    });
    const book = bookOf(world, saleId);
    const { claimId, grams } = data.moved;
    const [tradable, retired] = [book.tradable - grams, book.retired + grams];
    world.put(gramBooks, { ...book, tradable, retired, lastSeq: seq });
    if (productId !== null) world.put(productClaims, { id: productId, claimId, lastSeq: seq });
  },
};

const Ended = PartStep.extend({
  state: z.enum(['released', 'cancelled', 'recalled']),
  cause: z.enum(['by-hand', 'lapsed', 'statement-ended', 'fewer-grams', 'product-voided']),
  /** Whether the serial grams may be claimed again. */
  frees: z.boolean(),
});
const EndedPrivate = By.extend({ reason: note(2_000).optional() });

export const claimEnded: FactType<z.infer<typeof Ended>, z.infer<typeof EndedPrivate>> = {
  type: 'claim.ended.v1',
  title: { en: 'Claim released, cancelled or recalled', zh: '声明额度释放、取消或召回' },
  data: Ended,
  private: EndedPrivate,
  grams: 'None move; the grams are claimed no longer, and unless given up for good may be claimed again.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data }) {
    endPart(world, { seq, at }, data, data);
  },
};

const Frozen = Step.extend({ cause: z.enum(['statement-suspended', 'listed-elsewhere']) });

export const claimFrozen: FactType<z.infer<typeof Frozen>> = {
  type: 'claim.frozen.v1',
  title: { en: 'Claim frozen', zh: '声明额度冻结' },
  data: Frozen,
  grams: 'None move; the claimed grams stand still until the doubt is settled.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data: { claimId, cause } }) {
    const claim = world.get(claims, claimId)!;
    world.put(claims, {
      ...claim,
      ...{ state: 'frozen', before: claim.state, cause, changedAt: at, lastSeq: seq },
    });
  },
};

export const claimThawed: FactType<Step> = {
  type: 'claim.thawed.v1',
  title: { en: 'Claim no longer frozen', zh: '声明额度解冻' },
  data: Step,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data: { claimId } }) {
    const claim = world.get(claims, claimId)!;
    const back = { state: claim.before!, before: null, cause: null };
    world.put(claims, { ...claim, ...back, changedAt: at, lastSeq: seq });
  },
};

const Carried = Step.extend({ statements: z.array(Named).min(1).max(5) });

export const claimCarried: FactType<z.infer<typeof Carried>> = {
  type: 'claim.carried.v1',
  title: { en: 'Claim carried over to the statement in place of another', zh: '声明额度转入替代声明' },
  data: Carried,
  grams: 'None move; the claim stands on the statements named now.',
  fen: 'none',
  backPointers: ['seq', 'statements[].seq'],
  apply(world, { seq, data }) {
    const claim = world.get(claims, data.claimId)!;
    const statementIds = data.statements.map(({ statementId }) => statementId);
    world.put(claims, { ...claim, statementIds, lastSeq: seq });
    const book = bookOf(world, claim.saleId);
    const fewer = statementGrams(book.statements, claim.statementIds, -claim.grams);
    const statements = statementGrams(fewer, statementIds, claim.grams);
    world.put(gramBooks, { ...book, statements, lastSeq: seq });
  },
};

export const claimFacts = [
  claimReserved,
  claimIssued,
  claimTransferred,
  claimRetired,
  claimEnded,
  claimFrozen,
  claimThawed,
  claimCarried,
];
