import * as accounts from './accounts/accounts.tables.ts';
import * as anomalies from './anomalies/anomalies.tables.ts';
import * as audits from './audits/audits.tables.ts';
import * as certificates from './certificates/certificates.tables.ts';
import * as claims from './claims/claims.tables.ts';
import * as confirmations from './collection/confirmations.tables.ts';
import * as corrections from './collection/corrections.tables.ts';
import * as earnings from './collection/earnings.tables.ts';
import * as slips from './collection/slips.tables.ts';
import * as checkWeights from './custody/check-weights.tables.ts';
import * as custody from './custody/custody.tables.ts';
import * as receipts from './custody/receipts.tables.ts';
import * as stockCounts from './custody/stock-counts.tables.ts';
import * as distribution from './distribution/distribution.tables.ts';
import * as emissionFactors from './figures/emission-factors.tables.ts';
import * as floats from './floats/floats.tables.ts';
import * as fund from './fund/fund.tables.ts';
import * as invoices from './invoices/invoices.tables.ts';
import * as ledger from './ledger/tables.ts';
import type { AnyJournal, AnyTable } from './ledger/world.ts';
import * as containers from './lots/containers.tables.ts';
import * as countLosses from './lots/count-losses.tables.ts';
import * as lots from './lots/lots.tables.ts';
import * as sources from './lots/sources.tables.ts';
import * as stock from './lots/stock.tables.ts';
import * as weighings from './lots/weighings.tables.ts';
import * as outside from './outside/outside.tables.ts';
import * as passbook from './passbook/passbook.tables.ts';
import * as payoutLists from './payouts/lists.tables.ts';
import * as payouts from './payouts/payouts.tables.ts';
import * as declarations from './pollutants/declarations.tables.ts';
import * as pollutants from './pollutants/pollutants.tables.ts';
import * as receptions from './pollutants/receptions.tables.ts';
import * as transfers from './pollutants/transfers.tables.ts';
import * as treatments from './pollutants/treatments.tables.ts';
import * as disposals from './processing/disposals.tables.ts';
import * as incidents from './processing/incidents.tables.ts';
import * as processing from './processing/processing.tables.ts';
import * as proofs from './proofs/proofs.tables.ts';
import * as provenance from './provenance/provenance.tables.ts';
import * as reconciliation from './reconciliation/reconciliation.tables.ts';
import * as cards from './registry/cards.tables.ts';
import * as deviceLines from './registry/device-lines.tables.ts';
import * as logKeys from './registry/log-keys.tables.ts';
import * as people from './registry/people.tables.ts';
import * as publicNames from './registry/public-names.tables.ts';
import * as registry from './registry/registry.tables.ts';
import * as products from './resale/products.tables.ts';
import * as resale from './resale/resale.tables.ts';
import * as sales from './resale/sales.tables.ts';
import * as schemes from './schemes/schemes.tables.ts';
import * as statements from './statements/statements.tables.ts';
import * as presets from './stations/presets.tables.ts';
import * as supervision from './supervision/cases.tables.ts';
import * as disputes from './supervision/disputes.tables.ts';
import * as marks from './supervision/marks.tables.ts';
import * as tariffs from './tariffs/tariffs.tables.ts';
import * as taxes from './taxes/taxes.tables.ts';

const definitionsIn = (module: object): (AnyTable | AnyJournal)[] =>
  Object.values(module).filter((value) => typeof value === 'object' && value !== null && 'replayed' in value);

/** Every table that facts fill, through the door or a follower; the ledger's own are not among them. */
export const TABLES: readonly (AnyTable | AnyJournal)[] = [
  ledger,
  registry,
  publicNames,
  logKeys,
  people,
  cards,
  deviceLines,
  lots,
  accounts,
  containers,
  countLosses,
  sources,
  stock,
  supervision,
  disputes,
  confirmations,
  weighings,
  marks,
  corrections,
  earnings,
  floats,
  slips,
  tariffs,
  payouts,
  payoutLists,
  reconciliation,
  presets,
  outside,
  custody,
  receipts,
  stockCounts,
  processing,
  disposals,
  incidents,
  pollutants,
  declarations,
  receptions,
  transfers,
  treatments,
  resale,
  sales,
  products,
  provenance,
  checkWeights,
  anomalies,
  distribution,
  taxes,
  invoices,
  passbook,
  fund,
  proofs,
  schemes,
  certificates,
  statements,
  audits,
  emissionFactors,
  claims,
].flatMap(definitionsIn);
