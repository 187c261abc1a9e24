import { z } from 'zod';
import { unprocessable } from '../kernel/errors.ts';
import { Id, note, Seq, text } from '../kernel/values.ts';
import { type AnyDraft, draft, type FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { SiteAndDay } from '../registry/site-and-day.ts';
import { type Case, cases } from './cases.tables.ts';
import type { Outcome } from './cases.ts';
import { disputes } from './disputes.tables.ts';

const Answer = z.strictObject({
  caseId: Id,
  /** The last fact that changed the case; sealed, since it would tie two facts of one person. */
  seq: Seq,
  outcome: z.enum(['upheld', 'rejected']),
  reason: note(2_000),
  keyId: Id,
  holder: text(120),
  organisationId: Id,
});
type Answer = z.infer<typeof Answer>;

/** What the case keeps of a dispute's proposal where another case names the kind of its loss. */
const NO_LOSS = 'none';

export const disputeAnswerProposed: FactType<SiteAndDay, Answer> = {
  type: 'dispute.answer-proposed.v1',
  title: { en: 'Answer to a dispute proposed', zh: '提出异议答复' },
  data: SiteAndDay,
  private: Answer,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, private: { caseId, outcome, reason, keyId, holder, organisationId } }) {
    const proposal = { outcome, lossKind: NO_LOSS, note: reason, organisationId, keyId, holder };
    world.put(cases, { ...world.get(cases, caseId)!, proposal, state: 'proposed', lastSeq: seq });
  },
};

export const disputeAnswered: FactType<SiteAndDay, Answer> = {
  type: 'dispute.answered.v1',
  title: { en: 'Dispute answered by a second person', zh: '异议经第二人答复' },
  data: SiteAndDay,
  private: Answer,
  grams: 'None move; what was upheld is mended by a correction that names the dispute.',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, at, private: { caseId, outcome } }) {
    const dispute = world.get(disputes, caseId)!;
    world.put(cases, { ...world.get(cases, caseId)!, lossGrams: 0, state: 'decided', lastSeq: seq });
    world.put(disputes, { ...dispute, outcome, answeredSeq: seq, answeredAt: at });
  },
};

export const disputeAnswerFacts = [disputeAnswerProposed, disputeAnswered];

type By = { keyId: string; holder: string; organisationId: string; note?: string | undefined };

/**
 * The draft that answers a dispute, or proposes an answer (domain, rule 5: by someone else). The collector is owed a
 * reason: 422 `reason_needed` without a note. 422 `dispute_outcome` for the outcome of another kind of case.
 */
export const settleDispute = (
  world: World,
  { id: caseId, lastSeq: seq, proposal }: Case,
  outcome: Outcome,
  { note: reason, ...by }: By,
  day: string,
): AnyDraft => {
  if (outcome !== 'upheld' && outcome !== 'rejected')
    throw unprocessable('dispute_outcome', '/outcome', 'a dispute is upheld or rejected');
  if (reason === undefined)
    throw unprocessable('reason_needed', '/note', 'say why: the collector is owed a reason');
  const { siteId } = world.get(disputes, caseId)!;
  return draft({
    type: proposal?.outcome === outcome ? disputeAnswered : disputeAnswerProposed,
    data: { siteId, day },
    private: { caseId, seq, outcome, reason, ...by },
  });
};

const TYPES: readonly string[] = disputeAnswerFacts.map(({ type }) => type);
export const isDisputeFact = (type: string): boolean => TYPES.includes(type);

/** What the route of all cases answers for a dispute. */
export const disputeAnswer = (type: string, { caseId: id, outcome }: Answer) => {
  const decided = type === disputeAnswered.type;
  const state = decided ? ('decided' as const) : ('proposed' as const);
  return { id, state, outcome, lossKind: NO_LOSS, lossGrams: decided ? 0 : null, lots: [] };
};
