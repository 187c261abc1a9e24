import type { Caller } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { organisations } from './registry.tables.ts';

/** Stands in a draft: a natural person's facts bear the operator as their actor (ledger format, "What is open"). */
export const actorOf = (
  world: World,
  caller: Caller,
  programme: { operatorId: string },
): { actor?: string } =>
  world.get(organisations, caller.organisationId)?.naturalPerson ? { actor: programme.operatorId } : {};
