import { z } from 'zod';
import { Id, note, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { changeLot } from '../lots/lots.ts';
import { cases, type Proposal } from './cases.tables.ts';

const OUTCOMES = ['explained', 'loss', 'released'] as const;

const By = z.strictObject({ keyId: Id, holder: text(120), organisationId: Id, note: note(2_000).optional() });

const DecisionProposed = z.strictObject({
  caseId: Id,
  /** The last fact that changed the case. */
  seq: Seq,
  outcome: z.enum(OUTCOMES),
  lossKind: z.string(),
});
type DecisionProposed = z.infer<typeof DecisionProposed>;
type By = z.infer<typeof By>;

const proposalOf = ({ outcome, lossKind }: DecisionProposed, by: By): Proposal => ({
  outcome,
  lossKind,
  note: by.note ?? null,
  organisationId: by.organisationId,
  keyId: by.keyId,
  holder: by.holder,
});

export const caseDecisionProposed: FactType<DecisionProposed, By> = {
  type: 'case.decision-proposed.v1',
  title: { en: 'Decision of a case proposed', zh: '提出案件处理意见' },
  data: DecisionProposed,
  private: By,
  grams: 'none',
  fen: 'none',
  backPointers: ['seq'],
  apply(world, { seq, data, private: by }) {
    world.put(cases, {
      ...world.get(cases, data.caseId)!,
      proposal: proposalOf(data, by),
      state: 'proposed',
      lastSeq: seq,
    });
  },
};

/** Lots of a load in the order a loss is drawn over them: what each held, and what it lost. */
export const LoadLots = z.array(
  z.strictObject({ lotId: Id, seq: Seq, bookedGrams: TotalGrams, lossGrams: TotalGrams }),
);

const Decided = DecisionProposed.extend({
  kind: z.string(),
  subjectId: Id,
  lossGrams: TotalGrams,
  lots: LoadLots,
});

export const caseDecided: FactType<z.infer<typeof Decided>, By> = {
  type: 'case.decided.v1',
  title: { en: 'Case decided by a second person', zh: '案件经第二人裁定' },
  data: Decided,
  private: By,
  grams: 'The loss is drawn over the lots the case held, and they are free.',
  fen: 'none',
  backPointers: ['seq', 'lots[].seq'],
  apply(world, { seq, data }) {
    for (const { lotId, bookedGrams, lossGrams } of data.lots)
      changeLot(world, lotId, seq, { grams: bookedGrams - lossGrams, heldBy: null });
    world.put(cases, {
      ...world.get(cases, data.caseId)!,
      lossGrams: data.lossGrams,
      state: 'decided',
      lastSeq: seq,
    });
  },
};

export const supervisionFacts = [caseDecisionProposed, caseDecided];
