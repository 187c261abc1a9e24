import type { FastifyInstance } from 'fastify';
import { accountRoutes } from './accounts/accounts.routes.ts';
import { transferRoute } from './accounts/transfers.ts';
import { anomalyRoutes } from './anomalies/anomalies.routes.ts';
import { auditRoutes } from './audits/audits.routes.ts';
import { findingRoutes } from './audits/findings.routes.ts';
import { auditedOpenings } from './audits/opening.ts';
import { packRoutes } from './audits/pack.routes.ts';
import { FACT_TYPES } from './catalogue.ts';
import { certificateRoutes } from './certificates/certificates.routes.ts';
import { claimSums } from './claims/claim-sums.ts';
import { claimRoutes } from './claims/claims.routes.ts';
import { registerRoutes } from './claims/register.routes.ts';
import { collectionRoutes } from './collection/collection.routes.ts';
import { confirmationRoutes } from './collection/confirmations.routes.ts';
import { correctionRoutes } from './collection/corrections.routes.ts';
import { decidingRoutes } from './collection/deciding.routes.ts';
import { disputeRoutes } from './collection/disputes.routes.ts';
import { linkRoutes } from './collection/links.routes.ts';
import { refuseUndecided } from './collection/undecided.ts';
import { consolePages } from './console/console.routes.ts';
import { Grants } from './console/grants.ts';
import { containerRoutes } from './containers/containers.routes.ts';
import { checkWeightRoutes } from './custody/check-weights.ts';
import { custodyRoutes } from './custody/custody.routes.ts';
import { shipmentMarkRoutes } from './custody/marks.routes.ts';
import { reWeighingRoutes } from './custody/re-weighings.routes.ts';
import { receiptVoidRoutes } from './custody/receipt-voids.routes.ts';
import { stockCountRoutes } from './custody/stock-counts.routes.ts';
import type { Deps } from './deps.ts';
import { distributionRoutes } from './distribution/distribution.routes.ts';
import { emissionFactorRoutes } from './figures/emission-factors.routes.ts';
import { figureRoutes } from './figures/figures.routes.ts';
import { floatRoutes } from './floats/floats.routes.ts';
import { fundRoutes } from './fund/fund.routes.ts';
import { giftRoutes } from './fund/gifts.routes.ts';
import { bundleRoutes, bundlesOf } from './http/bundle.routes.ts';
import { healthRoutes } from './http/health.ts';
import { ledgerRoutes } from './http/ledger.routes.ts';
import { logRoutes } from './http/log.routes.ts';
import { createServer } from './http/server.ts';
import { vocabularyRoutes } from './http/vocabulary.routes.ts';
import { invoiceRoutes } from './invoices/invoices.routes.ts';
import { sha256 } from './kernel/hash.ts';
import { systemRandom } from './kernel/system.ts';
import { Tree } from './ledger/tree.ts';
import { lotsRoutes } from './lots/lots.routes.ts';
import { sampleRoutes } from './lots/samples.ts';
import { renderMetrics } from './metrics.ts';
import { outsideRoutes } from './outside/outside.routes.ts';
import { passbookPages } from './passbook/page.routes.ts';
import { passbookRoutes } from './passbook/passbook.routes.ts';
import { receiptRoutes } from './passbook/receipts.routes.ts';
import { statementRoutes as incomeStatementRoutes } from './passbook/statements.routes.ts';
import { Tries } from './passbook/tries.ts';
import { heirRoutes } from './payouts/heirs.routes.ts';
import { payoutListRoutes } from './payouts/lists.routes.ts';
import { payoutOrderRoutes } from './payouts/orders.routes.ts';
import { payeeRoutes } from './payouts/payees.routes.ts';
import { payoutRunRoutes } from './payouts/runs.routes.ts';
import { unclaimedRoutes } from './payouts/unclaimed.routes.ts';
import { periodRoutes } from './periods/periods.routes.ts';
import { stockAgeRoutes } from './periods/stock-ages.routes.ts';
import { declarationRoutes } from './pollutants/declarations.routes.ts';
import { receptionRoutes } from './pollutants/receptions.routes.ts';
import { pollutantStockRoutes } from './pollutants/stock.routes.ts';
import { transferRoutes } from './pollutants/transfers.routes.ts';
import { treatmentRoutes } from './pollutants/treatments.routes.ts';
import { disposalRoutes } from './processing/disposals.routes.ts';
import { incidentRoutes } from './processing/incidents.routes.ts';
import { runMarkRoutes } from './processing/marks.routes.ts';
import { processingRoutes } from './processing/processing.routes.ts';
import { voidRoutes } from './processing/void.routes.ts';
import { paymentProofRoutes } from './proofs/proofs.routes.ts';
import { provenanceRoutes, standingOf } from './provenance/provenance.routes.ts';
import { reconciliationRoutes } from './reconciliation/reconciliation.routes.ts';
import { openReconciliation } from './reconciliation/reconciliation.ts';
import { toldRoutes } from './reconciliation/told.routes.ts';
import { cardRoutes } from './registry/cards.routes.ts';
import { equipmentRoutes } from './registry/equipment.routes.ts';
import { logKeyRoutes } from './registry/log-keys.routes.ts';
import { hiddenPeople } from './registry/people.queries.ts';
import { peopleRoutes } from './registry/people.routes.ts';
import { publicNameRoutes } from './registry/public-names.ts';
import { callerLookup } from './registry/registry.queries.ts';
import { registryRoutes } from './registry/registry.routes.ts';
import { batchBundleRoutes } from './resale/bundle.routes.ts';
import { productRoutes } from './resale/products.routes.ts';
import { isBuyerOf } from './resale/resale.queries.ts';
import { resaleRoutes } from './resale/resale.routes.ts';
import { keepingRoutes, saleRoutes } from './resale/sales.routes.ts';
import { resaleVoidRoutes } from './resale/voids.routes.ts';
import { schemeRoutes } from './schemes/schemes.routes.ts';
import { statementRoutes } from './statements/statements.routes.ts';
import { verifyCodeRoutes } from './statements/verify.routes.ts';
import { stationRoutes } from './stations/stations.routes.ts';
import { supervisionRoutes } from './supervision/cases.routes.ts';
import { markRoutes } from './supervision/marks.routes.ts';
import { lotMarkRoutes } from './supervision/material-marks.ts';
import { tariffRoutes } from './tariffs/tariffs.routes.ts';
import { consentRoutes } from './taxes/consents.routes.ts';
import { taxRuleRoutes } from './taxes/tax-rules.routes.ts';
import { verifyRoutes } from './web/verify.routes.ts';

export const VERSION = '0.1.0';

/** The whole API on one page, in the order a gram travels. */
export const buildApp = async (deps: Deps): Promise<FastifyInstance> => {
  const callers = callerLookup(deps.db, deps.clock);
  deps.door.listeners.push(callers.onCommit);
  const grants = new Grants(systemRandom);
  const app = await createServer({
    logger: deps.logger,
    authenticate: async (token, isWrite) => grants.find(token) ?? callers.find(token, isWrite),
    newRequestId: deps.newId,
    version: VERSION,
    trustedProxies: deps.config.trustedProxies,
  });
  const passbook = { ...deps, random: systemRandom, tries: new Tries(deps.clock) };
  await app.register(async (scope) => {
    registryRoutes(scope, deps);
    publicNameRoutes(scope, deps);
    peopleRoutes(scope, deps);
    cardRoutes(scope, deps);
    equipmentRoutes(scope, deps);
    accountRoutes(scope, deps);
    transferRoute(scope, deps);
    tariffRoutes(scope, deps);
    taxRuleRoutes(scope, deps);
    consentRoutes(scope, deps);
    floatRoutes(scope, deps);
    collectionRoutes(scope, deps);
    stationRoutes(scope, deps);
    correctionRoutes(scope, deps);
    decidingRoutes(scope, deps);
    confirmationRoutes(scope, deps);
    disputeRoutes(scope, deps);
    linkRoutes(scope, deps);
    payeeRoutes(scope, deps);
    payoutRunRoutes(scope, deps);
    payoutOrderRoutes(scope, deps);
    invoiceRoutes(scope, deps);
    heirRoutes(scope, deps);
    unclaimedRoutes(scope, deps);
    payoutListRoutes(scope, deps);
    const told = openReconciliation(deps);
    toldRoutes(scope, told);
    reconciliationRoutes(scope, told);
    outsideRoutes(scope, deps);
    containerRoutes(scope, deps);
    lotsRoutes(scope, { ...deps, standingOf: (lot) => standingOf(deps, lot) });
    sampleRoutes(scope, deps);
    supervisionRoutes(scope, deps);
    markRoutes(scope, deps, refuseUndecided);
    lotMarkRoutes(scope, deps);
    shipmentMarkRoutes(scope, deps);
    runMarkRoutes(scope, deps);
    custodyRoutes(scope, deps);
    receiptVoidRoutes(scope, deps);
    stockCountRoutes(scope, deps);
    reWeighingRoutes(scope, deps);
    checkWeightRoutes(scope, deps);
    processingRoutes(scope, deps);
    voidRoutes(scope, deps);
    disposalRoutes(scope, deps);
    incidentRoutes(scope, deps);
    declarationRoutes(scope, deps);
    receptionRoutes(scope, deps);
    pollutantStockRoutes(scope, deps);
    transferRoutes(scope, deps);
    treatmentRoutes(scope, deps);
    resaleRoutes(scope, deps);
    periodRoutes(scope, deps);
    stockAgeRoutes(scope, deps);
    keepingRoutes(scope, deps);
    saleRoutes(scope, deps);
    productRoutes(scope, deps);
    resaleVoidRoutes(scope, deps);
    distributionRoutes(scope, deps);
    fundRoutes(scope, deps);
    giftRoutes(scope, deps);
    paymentProofRoutes(scope, deps);
    schemeRoutes(scope, deps);
    certificateRoutes(scope, deps);
    statementRoutes(scope, deps);
    verifyCodeRoutes(scope, { ...deps, tree: new Tree(deps.pool, sha256), claimSums });
    claimRoutes(scope, deps);
    registerRoutes(scope, deps);
    provenanceRoutes(scope, {
      ...deps,
      isBuyerOf: (caller, of) => isBuyerOf(deps.db, caller, of, deps.clock()),
    });
    passbookRoutes(scope, passbook);
    receiptRoutes(scope, deps);
    incomeStatementRoutes(scope, passbook);
    anomalyRoutes(scope, deps);
    figureRoutes(scope, deps);
    emissionFactorRoutes(scope, deps);
    const audits = { ...deps, tree: deps.publisher.tree };
    auditRoutes(scope, audits);
    findingRoutes(scope, audits);
    packRoutes(scope, { ...audits, titles: new Map(FACT_TYPES.map(({ type, title }) => [type, title])) });
    const mayOpen = auditedOpenings(deps);
    ledgerRoutes(scope, {
      ...deps,
      mayOpen,
      hiddenPeople: (caller, ids) => hiddenPeople(deps.db, caller, ids),
    });
    logRoutes(scope, deps);
    const bundles = bundlesOf({
      ...deps,
      mayOpen,
      hiddenPeople: (caller, ids) => hiddenPeople(deps.db, caller, ids),
    });
    bundleRoutes(scope, bundles);
    batchBundleRoutes(scope, { ...deps, bundles });
    verifyRoutes(scope, new Map(FACT_TYPES.map(({ type, title }) => [type, title])));
    logKeyRoutes(scope, deps);
    vocabularyRoutes(scope);
    healthRoutes(scope, {
      ...deps,
      follower: () => deps.follower.position,
      readOnly: () => deps.door.readOnly,
      metrics: () => renderMetrics(deps),
    });
  });
  await app.register(async (scope) => passbookPages(scope, passbook));
  const atConsole = { ...deps, grants, random: systemRandom, tries: new Tries(deps.clock) };
  await app.register(async (scope) => consolePages(scope, atConsole));
  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: { hide: true },
    config: { access: 'public' },
    handler: async () => app.swagger(),
  });
  await app.ready();
  return app;
};
