import { itemOperations } from './items.operations.ts';
import { lineOperations } from './lines.operations.ts';
import type { ToldRouteDeps } from './told.routes.ts';

/** What the routes of this room need beside what is there already. */
export const openReconciliation = (deps: Omit<ToldRouteDeps, 'lines' | 'items'>): ToldRouteDeps => ({
  ...deps,
  lines: lineOperations(deps.keyring, deps.programme),
  items: itemOperations(deps.keyring, deps.programme),
});
