/** The custody models of ISO 22095:2020, strictest first; one further on promises less. */
export const custodyModels = [
  'identity-preserved',
  'segregated',
  'controlled-blending',
  'mass-balance',
] as const;

export type CustodyModel = (typeof custodyModels)[number];

/** The one that promises least; of none, the last: where nothing is known, nothing more is promised. */
export function lowestModel(models: Iterable<CustodyModel>): CustodyModel {
  const ranks = Array.from(models, (model) => custodyModels.indexOf(model));
  return custodyModels[Math.max(...ranks)] ?? 'mass-balance';
}

/** A source of a lot: where it came in, and whether its origin class is among those a claim accepts. */
export type CustodySource = { readonly siteId: string; readonly accepted: boolean };

/**
 * What the sources of a lot allow: all from one site and accepted, identity-preserved; from several sites but
 * all accepted, segregated; with a gram of another origin, controlled blending. Never mass balance, which a
 * site takes by its scope only. `earlier` are the models of the lots that go in: none is ever raised again.
 */
export function modelOfInputs(
  sources: Iterable<CustodySource>,
  earlier: Iterable<CustodyModel> = [],
): CustodyModel {
  const sites = new Set<string>();
  let othersIn = false;
  for (const { siteId, accepted } of sources) {
    sites.add(siteId);
    othersIn ||= !accepted;
  }
  if (sites.size === 0) return lowestModel([]);
  const pure: CustodyModel = sites.size === 1 ? 'identity-preserved' : 'segregated';
  return lowestModel([othersIn ? 'controlled-blending' : pure, ...earlier]);
}

/**
 * The model of what a run or batch gives: the lowest of what its inputs allow, what the site's scope allows
 * and what the line-clean record allows; without that record, controlled blending at best.
 */
export const custodyModel = (
  inputsModel: CustodyModel,
  siteScope: CustodyModel,
  lineClean: boolean,
): CustodyModel =>
  lowestModel([inputsModel, siteScope, lineClean ? 'identity-preserved' : 'controlled-blending']);
