import { conflict, DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { lots } from '../lots/lots.tables.ts';
import { sumGrams } from '../lots/lots.ts';
import { organisations } from '../registry/registry.tables.ts';
import { caseDecided, caseDecisionProposed } from './cases.facts.ts';
import type { DecisionRequest } from './cases.schema.ts';
import { type Case, cases } from './cases.tables.ts';
import { decisionLots, onePerson, profits, unexplained, writtenOff } from './cases.ts';
import { disputeAnswer, isDisputeFact, settleDispute } from './dispute-answers.ts';

export type DecisionAnswer = {
  id: string;
  state: 'proposed' | 'decided';
  outcome: string;
  lossKind: string;
  lossGrams: number | null;
  lots: { lotId: string; grams: number }[];
};

/** With the time zone that days are told in. */
export type DecisionInput = DecisionRequest & { caseId: string; timeZone: string };

/** Who may decide cases: they run, certify or regulate, and must not profit. */
export const DECIDERS = ['operator', 'certifier', 'regulator'] as const;

const openCase = (world: World, id: string, { organisationId }: { organisationId: string }): Case => {
  const question = world.get(cases, id);
  if (question === undefined) throw notFound('case');
  if (profits(question, organisationId))
    throw new DomainError(
      'forbidden',
      'profits',
      'Your organisation weighed, held or recorded these grams; others must decide.',
    );
  if (question.state === 'withdrawn')
    throw conflict('withdrawn', 'What asked this was undone; nothing is to be decided.', {
      caseId: id,
      seq: question.lastSeq,
    });
  if (question.state === 'decided')
    throw conflict('already_decided', 'This case is decided.', { caseId: id, seq: question.lastSeq });
  return question;
};

/**
 * The first call proposes; the same outcome by another person decides. Another outcome by another person is
 * a proposal in place of the first, so that a mistaken one can be mended, and never a decision of one alone.
 */
export const decideCase: Operation<DecisionInput, DecisionAnswer> = {
  name: 'case.decide',
  roles: DECIDERS,
  status: 201,
  decide(world, input, { caller, now }: DecideContext) {
    const { caseId, outcome, lossKind = 'unexplained', note } = input;
    const question = openCase(world, caseId, caller);
    const { organisationId, keyId, holder } = caller;
    const by = { keyId, holder, organisationId, ...(note === undefined ? {} : { note }) };
    const { proposal } = question;
    if (proposal !== null && onePerson(proposal, caller, world.get(organisations, organisationId)?.kind))
      throw new DomainError(
        'forbidden',
        'same_holder',
        'You proposed this decision; another person must take it.',
      );
    if (question.kind === 'dispute')
      return settleDispute(world, question, outcome, by, dayIn(input.timeZone, now));
    if (outcome === 'upheld' || outcome === 'rejected')
      throw unprocessable('not_a_dispute', '/outcome', 'is for disputes; write explained, loss or released');
    const decision = { caseId, seq: question.lastSeq, outcome, lossKind };
    world.need(lots, question.lotIds);
    const held = question.lotIds.map((lotId) => {
      const { lastSeq: seq, grams } = world.get(lots, lotId)!;
      return { lotId, seq, grams };
    });
    const missing = outcome === 'explained' ? unexplained(question, sumGrams(held)) : 0;
    if (missing > 0)
      throw conflict(
        'not_explained',
        `${missing} g are still missing; correct what was weighed wrongly, or decide it a loss.`,
        { caseId, missingGrams: missing },
      );
    if (proposal === null || proposal.outcome !== outcome || proposal.lossKind !== lossKind)
      return draft({ type: caseDecisionProposed, data: decision, private: by });
    const lossGrams = writtenOff(question, outcome, sumGrams(held));
    return draft({
      type: caseDecided,
      data: {
        ...decision,
        kind: question.kind,
        subjectId: question.subjectId,
        lossGrams,
        lots: decisionLots(held, lossGrams),
      },
      private: by,
    });
  },
  answer({ type, data, private: more }) {
    if (isDisputeFact(type)) return disputeAnswer(type, more);
    const decided = type === caseDecided.type;
    return {
      id: data.caseId,
      state: decided ? 'decided' : 'proposed',
      outcome: data.outcome,
      lossKind: data.lossKind,
      lossGrams: decided ? data.lossGrams : null,
      lots: decided ? gramsLeft(data.lots) : [],
    };
  },
};

/** Lots of a load as an answer shows them. */
export const gramsLeft = (
  lots: readonly { lotId: string; bookedGrams: number; lossGrams: number }[],
): { lotId: string; grams: number }[] =>
  lots.map(({ lotId, bookedGrams, lossGrams }) => ({ lotId, grams: bookedGrams - lossGrams }));
