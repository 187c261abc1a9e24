import t from 'tap';
import { VOCABULARY } from '../../src/http/vocabulary.ts';
import * as codes from '../../src/kernel/vocabulary.ts';
import { custodyModels } from '../../src/provenance/custody-model.ts';

t.test('every code has a name in both languages, and no name is without a code', async (t) => {
  const known: Record<keyof typeof VOCABULARY, readonly string[]> = {
    role: codes.ROLES,
    material: [...codes.MATERIALS, ...codes.POLLUTANTS],
    form: codes.FORMS,
    originClass: codes.ORIGIN_CLASSES,
    step: codes.STEPS,
    custodyModel: custodyModels,
    lossKind: codes.LOSS_KINDS,
    outsideKind: codes.OUTSIDE_KINDS,
    exitWay: codes.EXIT_WAYS,
    incidentKind: codes.INCIDENT_KINDS,
    deductionKind: codes.DEDUCTION_KINDS,
    mark: codes.MARKS,
    containerKind: codes.CONTAINER_KINDS,
    caseKind: codes.CASE_KINDS,
    accountKind: codes.ACCOUNT_KINDS,
    incomeKind: codes.INCOME_KINDS,
    payoutRail: codes.PAYOUT_RAILS,
    payoutState: codes.PAYOUT_STATES,
    payoutHold: codes.PAYOUT_HOLDS,
    fundSource: codes.FUND_SOURCES,
    fundGift: codes.FUND_GIFTS,
    unclaimedReason: codes.UNCLAIMED_REASONS,
    reconciliationReason: codes.RECONCILIATION_REASONS,
    reconciliationDecision: codes.RECONCILIATION_DECISIONS,
    disputeAbout: codes.DISPUTE_ABOUT,
    spokenWay: codes.SPOKEN_WAYS,
    costKind: codes.COST_KINDS,
    treatmentMethod: codes.TREATMENT_METHODS,
    declarationState: codes.DECLARATION_STATES,
    receptionMark: codes.RECEPTION_MARKS,
  };
  for (const [kind, names] of Object.entries(VOCABULARY)) {
    t.same(Object.keys(names), known[kind as keyof typeof VOCABULARY], kind);
    for (const [code, { en, zh }] of Object.entries(names)) {
      t.match(en, /^[A-Z]/, `${code} in English`);
      t.match(zh, /[\u4e00-\u9fff]/, `${code} in Chinese`);
    }
  }
});
