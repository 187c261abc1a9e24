import { fundsTransferred } from './accounts/transfers.ts';
import { findingFacts } from './anomalies/findings.facts.ts';
import { anomalyRuleSet } from './anomalies/rules.facts.ts';
import { auditFacts } from './audits/audits.facts.ts';
import { findingFacts as auditFindingFacts } from './audits/findings.facts.ts';
import { certificateFacts } from './certificates/certificates.facts.ts';
import { claimFacts } from './claims/claims.facts.ts';
import { listingFacts } from './claims/listings.facts.ts';
import { collectionFacts } from './collection/collection.facts.ts';
import { confirmationFacts } from './collection/confirmations.facts.ts';
import { correctionFacts } from './collection/corrections.facts.ts';
import { decidingFacts } from './collection/deciding.facts.ts';
import { disputeFacts } from './collection/disputes.facts.ts';
import { containerFacts } from './containers/containers.facts.ts';
import { deviceCheckWeighed } from './custody/check-weights.ts';
import { custodyFacts } from './custody/custody.facts.ts';
import { reWeighingFacts } from './custody/re-weighings.facts.ts';
import { receiptVoidFacts } from './custody/receipt-voids.facts.ts';
import { receivedFacts } from './custody/received.facts.ts';
import { stockCountFacts } from './custody/stock-counts.facts.ts';
import { togetherFacts } from './custody/together.facts.ts';
import { unmeasuredFacts } from './custody/unmeasured.facts.ts';
import { distributionFacts } from './distribution/distribution.facts.ts';
import { distributionRulePublished } from './distribution/rules.ts';
import { factorsPublished } from './figures/emission-factors.ts';
import { floatFacts } from './floats/floats.facts.ts';
import { fundFacts } from './fund/fund.facts.ts';
import { giftFacts } from './fund/gifts.facts.ts';
import { invoiceFacts } from './invoices/invoices.facts.ts';
import type { AnyFactType } from './ledger/fact.ts';
import { lotSampled } from './lots/samples.ts';
import { outsideFacts } from './outside/outside.facts.ts';
import { passbookFacts } from './passbook/passbook.facts.ts';
import { statementFacts as incomeStatementFacts } from './passbook/statements.facts.ts';
import { heirFacts } from './payouts/heirs.facts.ts';
import { listFacts } from './payouts/lists.facts.ts';
import { orderFacts } from './payouts/orders.facts.ts';
import { payeeFacts } from './payouts/payees.facts.ts';
import { runFacts } from './payouts/runs.facts.ts';
import { unclaimedFacts } from './payouts/unclaimed.facts.ts';
import { declarationFacts } from './pollutants/declarations.facts.ts';
import { receptionFacts } from './pollutants/receptions.facts.ts';
import { transferFacts } from './pollutants/transfers.facts.ts';
import { treatmentFacts } from './pollutants/treatments.facts.ts';
import { disposalFacts } from './processing/disposals.facts.ts';
import { incidentFacts } from './processing/incidents.facts.ts';
import { processingFacts } from './processing/processing.facts.ts';
import { voidFacts } from './processing/void.facts.ts';
import { paymentProofPublished } from './proofs/proofs.facts.ts';
import { reconciliationFacts } from './reconciliation/reconciliation.facts.ts';
import { cardFacts } from './registry/cards.facts.ts';
import { equipmentFacts } from './registry/equipment.facts.ts';
import { logKeyFacts } from './registry/log-keys.facts.ts';
import { peopleFacts } from './registry/people.facts.ts';
import { namePublished } from './registry/public-names.ts';
import { registryFacts } from './registry/registry.facts.ts';
import { entryVoided } from './resale/entry-voids.ts';
import { keepingFacts } from './resale/keeping.facts.ts';
import { productFacts } from './resale/products.facts.ts';
import { resaleFacts } from './resale/resale.facts.ts';
import { returnVoidFacts } from './resale/return-voids.ts';
import { returnFacts } from './resale/returns.facts.ts';
import { saleFacts } from './resale/sales.facts.ts';
import { resaleVoidFacts } from './resale/voids.facts.ts';
import { schemePublished } from './schemes/schemes.facts.ts';
import { statementFacts } from './statements/statements.facts.ts';
import { presetFacts } from './stations/presets.facts.ts';
import { supervisionFacts } from './supervision/cases.facts.ts';
import { disputeAnswerFacts } from './supervision/dispute-answers.ts';
import { markFacts } from './supervision/marks.facts.ts';
import { materialMarkFacts } from './supervision/material-marks.facts.ts';
import { tariffFacts } from './tariffs/tariffs.facts.ts';
import { invoicingConsentChanged } from './taxes/consents.facts.ts';
import { taxRulePublished } from './taxes/tax-rules.facts.ts';

/** Every type of fact there is. Their names are unique, for ever. */
export const FACT_TYPES: readonly AnyFactType[] = [
  ...registryFacts,
  namePublished,
  ...logKeyFacts,
  ...peopleFacts,
  ...cardFacts,
  ...equipmentFacts,
  ...tariffFacts,
  fundsTransferred,
  ...floatFacts,
  ...presetFacts,
  ...containerFacts,
  ...collectionFacts,
  ...correctionFacts,
  ...decidingFacts,
  lotSampled,
  ...outsideFacts,
  ...supervisionFacts,
  ...disputeAnswerFacts,
  ...confirmationFacts,
  ...disputeFacts,
  ...markFacts,
  ...materialMarkFacts,
  ...custodyFacts,
  ...receivedFacts,
  ...unmeasuredFacts,
  ...togetherFacts,
  ...receiptVoidFacts,
  ...stockCountFacts,
  ...reWeighingFacts,
  ...processingFacts,
  ...voidFacts,
  ...disposalFacts,
  ...incidentFacts,
  ...declarationFacts,
  ...receptionFacts,
  ...transferFacts,
  ...treatmentFacts,
  ...resaleFacts,
  ...keepingFacts,
  ...saleFacts,
  ...returnFacts,
  ...returnVoidFacts,
  ...productFacts,
  ...resaleVoidFacts,
  entryVoided,
  deviceCheckWeighed,
  anomalyRuleSet,
  ...findingFacts,
  distributionRulePublished,
  ...distributionFacts,
  ...passbookFacts,
  ...incomeStatementFacts,
  ...fundFacts,
  ...giftFacts,
  paymentProofPublished,
  schemePublished,
  ...certificateFacts,
  ...statementFacts,
  ...claimFacts,
  ...listingFacts,
  ...payeeFacts,
  ...runFacts,
  ...orderFacts,
  taxRulePublished,
  invoicingConsentChanged,
  ...invoiceFacts,
  ...heirFacts,
  ...unclaimedFacts,
  ...listFacts,
  ...reconciliationFacts,
  ...auditFacts,
  ...auditFindingFacts,
  factorsPublished,
];

export const factTypes: ReadonlyMap<string, AnyFactType> = new Map(
  FACT_TYPES.map((type) => [type.type, type]),
);
