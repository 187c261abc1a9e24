import * as anomalies from './anomalies/anomalies.tables.ts';
import * as corrections from './collection/corrections.tables.ts';
import * as checkWeights from './custody/check-weights.tables.ts';
import * as custody from './custody/custody.tables.ts';
import * as stockCounts from './custody/stock-counts.tables.ts';
import * as ledger from './ledger/tables.ts';
import type { AnyJournal, AnyTable } from './ledger/world.ts';
import * as containers from './lots/containers.tables.ts';
import * as lots from './lots/lots.tables.ts';
import * as sources from './lots/sources.tables.ts';
import * as stock from './lots/stock.tables.ts';
import * as outside from './outside/outside.tables.ts';
import * as disposals from './processing/disposals.tables.ts';
import * as incidents from './processing/incidents.tables.ts';
import * as processing from './processing/processing.tables.ts';
import * as provenance from './provenance/provenance.tables.ts';
import * as people from './registry/people.tables.ts';
import * as registry from './registry/registry.tables.ts';
import * as products from './resale/products.tables.ts';
import * as resale from './resale/resale.tables.ts';
import * as sales from './resale/sales.tables.ts';
import * as supervision from './supervision/cases.tables.ts';
import * as marks from './supervision/marks.tables.ts';

const definitionsIn = (module: object): (AnyTable | AnyJournal)[] =>
  Object.values(module).filter((value) => typeof value === 'object' && value !== null && 'replayed' in value);

/** Every table that facts fill, through the door or a follower; the ledger's own are not among them. */
export const TABLES: readonly (AnyTable | AnyJournal)[] = [
  ledger,
  registry,
  people,
  lots,
  containers,
  sources,
  stock,
  supervision,
  marks,
  corrections,
  outside,
  custody,
  stockCounts,
  processing,
  disposals,
  incidents,
  resale,
  sales,
  products,
  provenance,
  checkWeights,
  anomalies,
].flatMap(definitionsIn);
