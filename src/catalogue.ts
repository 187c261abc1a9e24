import { collectionFacts } from './collection/collection.facts.ts';
import type { AnyFactType } from './ledger/fact.ts';
import { registryFacts } from './registry/registry.facts.ts';

/** Every type of fact there is. Their names are unique, for ever. */
export const FACT_TYPES: readonly AnyFactType[] = [...registryFacts, ...collectionFacts];

export const factTypes: ReadonlyMap<string, AnyFactType> = new Map(FACT_TYPES.map((type) => [type.type, type]));
