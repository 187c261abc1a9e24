import { findingFacts } from './anomalies/findings.facts.ts';
import { anomalyRuleSet } from './anomalies/rules.facts.ts';
import { collectionFacts } from './collection/collection.facts.ts';
import { correctionFacts } from './collection/corrections.facts.ts';
import { containerFacts } from './containers/containers.facts.ts';
import { deviceCheckWeighed } from './custody/check-weights.ts';
import { custodyFacts } from './custody/custody.facts.ts';
import { stockCountFacts } from './custody/stock-counts.facts.ts';
import type { AnyFactType } from './ledger/fact.ts';
import { lotSampled } from './lots/samples.ts';
import { outsideFacts } from './outside/outside.facts.ts';
import { disposalFacts } from './processing/disposals.facts.ts';
import { incidentFacts } from './processing/incidents.facts.ts';
import { processingFacts } from './processing/processing.facts.ts';
import { voidFacts } from './processing/void.facts.ts';
import { equipmentFacts } from './registry/equipment.facts.ts';
import { peopleFacts } from './registry/people.facts.ts';
import { registryFacts } from './registry/registry.facts.ts';
import { keepingFacts } from './resale/keeping.facts.ts';
import { productFacts } from './resale/products.facts.ts';
import { resaleFacts } from './resale/resale.facts.ts';
import { returnFacts } from './resale/returns.facts.ts';
import { saleFacts } from './resale/sales.facts.ts';
import { supervisionFacts } from './supervision/cases.facts.ts';
import { markFacts } from './supervision/marks.facts.ts';

/** Every type of fact there is. Their names are unique, for ever. */
export const FACT_TYPES: readonly AnyFactType[] = [
  ...registryFacts,
  ...peopleFacts,
  ...equipmentFacts,
  ...containerFacts,
  ...collectionFacts,
  ...correctionFacts,
  lotSampled,
  ...outsideFacts,
  ...supervisionFacts,
  ...markFacts,
  ...custodyFacts,
  ...stockCountFacts,
  ...processingFacts,
  ...voidFacts,
  ...disposalFacts,
  ...incidentFacts,
  ...resaleFacts,
  ...keepingFacts,
  ...saleFacts,
  ...returnFacts,
  ...productFacts,
  deviceCheckWeighed,
  anomalyRuleSet,
  ...findingFacts,
];

export const factTypes: ReadonlyMap<string, AnyFactType> = new Map(
  FACT_TYPES.map((type) => [type.type, type]),
);
