import { z } from 'zod';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { claimed } from './claims.ts';
import { claimAccounts, type Statement, statementStates, statements } from './statements.tables.ts';

const NOTHING = { content: {}, offsets: 0 };

const use = (world: World, seq: number, statement: Statement, grams: number): void => {
  const { saleId: id, exclusionGroup } = statement;
  if (exclusionGroup === 'none' || grams === 0) return;
  const before = world.get(claimAccounts, id) ?? NOTHING;
  world.put(claimAccounts, { id, ...claimed(before, statement, grams), lastSeq: seq });
};

/** Each state it was ever in is kept with its position. */
const putStatement = (world: World, statement: Statement): void => {
  world.put(statements, statement);
  const { id: statementId, lastSeq: seq, state, grams } = statement;
  world.add(statementStates, { statementId, seq, state, grams });
};

const Requested = z.strictObject({
  statementId: Id,
  batchId: Id,
  saleId: Id,
  /** The last fact that changed the sale. */
  saleSeq: Seq,
  scheme: text(60),
  schemeVersion: z.int().min(1),
  /** The fact that published the scheme's rules. */
  schemeSeq: Seq,
  exclusionGroup: z.enum(['content', 'offset', 'none']),
  grams: TotalGrams.min(1),
  /** Of so many grams held. */
  ofGrams: TotalGrams.min(1),
  /** What the scheme accepted of them, as of the position `asOfSeq`. */
  eligibleGrams: TotalGrams,
  asOfSeq: Seq,
  custodyModel: z.string(),
});
const RequestedPrivate = z.strictObject({
  keyId: Id,
  sellerId: Id,
  holderId: Id,
  organisationIds: z.array(Id),
  note: note(2_000).optional(),
});

export const statementRequested: FactType<z.infer<typeof Requested>, z.infer<typeof RequestedPrivate>> = {
  type: 'statement.requested.v1',
  title: { en: 'Statement asked for', zh: '声明申请' },
  data: Requested,
  private: RequestedPrivate,
  grams: 'None move; the stated grams are reserved for it.',
  fen: 'none',
  backPointers: ['saleSeq', 'schemeSeq'],
  apply(world, { seq, data, private: more }) {
    const { statementId: id, saleSeq: _, eligibleGrams: _e, asOfSeq: _a, ...said } = data;
    const { sellerId, holderId, organisationIds } = more;
    const statement: Statement = {
      ...said,
      ...{ id, seq, lastSeq: seq, sellerId, holderId, organisationIds },
      ...{ state: 'requested', reason: null, code: null, issuedAt: null, validUntil: null },
      ...{ approvals: [], replaces: null, replacedBy: null },
    };
    putStatement(world, statement);
    use(world, seq, statement, statement.grams);
  },
};

const Step = z.strictObject({
  statementId: Id,
  /** The last fact that changed the statement. */
  seq: Seq,
});
const By = z.strictObject({
  keyId: Id,
  holder: z.string(),
  organisationId: Id,
  note: note(2_000).optional(),
});
type Step = z.infer<typeof Step>;
type By = z.infer<typeof By>;

const Approved = Step.extend({ for: z.enum(['issue', 'reinstate']) });

export const statementApproved: FactType<z.infer<typeof Approved>, By> = {
  type: 'statement.approved.v1',
  title: { en: 'Statement approved by a first person', zh: '声明初审通过' },
  data: Approved,
  private: By,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data, private: { keyId, holder, organisationId } }) {
    const statement = world.get(statements, data.statementId)!;
    putStatement(world, {
      ...statement,
      state: data.for === 'issue' ? 'in-review' : statement.state,
      approvals: [...statement.approvals, { organisationId, keyId, holder, for: data.for }],
      lastSeq: seq,
    });
  },
};

const Issued = Step.extend({
  code: z.string().length(16),
  /** Milliseconds since 1970. */
  validUntil: z.int(),
});

export const statementIssued: FactType<z.infer<typeof Issued>, By> = {
  type: 'statement.issued.v1',
  title: { en: 'Statement issued', zh: '声明出具' },
  data: Issued,
  private: By,
  grams: 'None move; the stated grams are claimed.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, at, data: { statementId, code, validUntil } }) {
    const statement = world.get(statements, statementId)!;
    putStatement(world, {
      ...statement,
      ...{ state: 'issued', code, issuedAt: at, validUntil, approvals: [], lastSeq: seq },
    });
  },
};

const Ended = Step.extend({ state: z.enum(['refused', 'revoked', 'withdrawn']) });
const EndedPrivate = By.extend({ reason: note(2_000) });

export const statementEnded: FactType<z.infer<typeof Ended>, z.infer<typeof EndedPrivate>> = {
  type: 'statement.ended.v1',
  title: { en: 'Statement refused, revoked or withdrawn', zh: '声明拒绝、撤销或撤回' },
  data: Ended,
  private: EndedPrivate,
  grams: 'None move; the stated grams are free again.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data: { statementId, state }, private: { reason } }) {
    const statement = world.get(statements, statementId)!;
    putStatement(world, { ...statement, state, reason, approvals: [], lastSeq: seq });
    use(world, seq, statement, -statement.grams);
  },
};

const Suspended = Step.extend({
  /** Why: by hand, or because the scheme accepts fewer grams by now than were stated. */
  cause: z.enum(['by-hand', 'eligible-below']),
  /** What the scheme accepts, as of `asOfSeq`; with `eligible-below`. */
  eligibleGrams: TotalGrams.optional(),
  asOfSeq: Seq.optional(),
});
const SuspendedPrivate = By.extend({ reason: note(2_000).optional() });

export const statementSuspended: FactType<z.infer<typeof Suspended>, z.infer<typeof SuspendedPrivate>> = {
  type: 'statement.suspended.v1',
  title: { en: 'Statement suspended', zh: '声明暂停' },
  data: Suspended,
  private: SuspendedPrivate,
  grams: 'None move; the stated grams stay reserved.',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data: { statementId, cause }, private: { reason } }) {
    const statement = world.get(statements, statementId)!;
    putStatement(world, {
      ...statement,
      ...{ state: 'suspended', reason: reason ?? cause, approvals: [], lastSeq: seq },
    });
  },
};

export const statementReinstated: FactType<Step, By> = {
  type: 'statement.reinstated.v1',
  title: { en: 'Statement reinstated', zh: '声明恢复' },
  data: Step,
  private: By,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data: { statementId } }) {
    const statement = world.get(statements, statementId)!;
    putStatement(world, { ...statement, state: 'issued', reason: null, approvals: [], lastSeq: seq });
  },
};

const Superseded = Step.extend({
  /** The fact after which fewer grams are held. */
  causeSeq: Seq,
  /** The statement in its place; absent where nothing is left to state. */
  next: z
    .strictObject({
      statementId: Id,
      code: z.string().length(16),
      grams: TotalGrams.min(1),
      ofGrams: TotalGrams.min(1),
    })
    .optional(),
});
export const statementSuperseded: FactType<z.infer<typeof Superseded>, never> = {
  type: 'statement.superseded.v1',
  title: { en: 'Statement superseded', zh: '声明更替' },
  data: Superseded,
  grams: 'None move; grams that went back are claimed no longer.',
  fen: 'none',
  backPointers: ['seq', 'causeSeq'],
  apply(world, { seq, at, data: { statementId, next } }) {
    const statement = world.get(statements, statementId)!;
    const replacedBy = next?.statementId ?? null;
    putStatement(world, { ...statement, state: 'superseded', approvals: [], replacedBy, lastSeq: seq });
    use(world, seq, statement, (next?.grams ?? 0) - statement.grams);
    if (next === undefined) return;
    const { statementId: id, ...said } = next;
    putStatement(world, {
      ...statement,
      ...said,
      ...{ id, seq, lastSeq: seq, issuedAt: at, replaces: statementId, replacedBy: null, approvals: [] },
    });
  },
};

export const statementFacts = [
  statementRequested,
  statementApproved,
  statementIssued,
  statementEnded,
  statementSuspended,
  statementReinstated,
  statementSuperseded,
];
