import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { sites } from '../registry/registry.tables.ts';
import { type AnomalyRule, anomalyRules } from './anomalies.tables.ts';
import { anomalyRuleSet } from './rules.facts.ts';
import type { RuleRequest } from './rules.schema.ts';
import { initialParameters, type RuleText, ruleOf } from './rules.ts';

export type RuleAnswer = Omit<AnomalyRule, 'seq'>;

/** The rule as it is in force, or as shipped. */
export const standing = (code: string, rule: RuleText, set: AnomalyRule | undefined): RuleAnswer =>
  set === undefined
    ? { code, version: 1, enabled: false, parameters: initialParameters(rule), siteIds: null }
    : { code, version: set.version, enabled: set.enabled, parameters: set.parameters, siteIds: set.siteIds };

/** 422 for a parameter the rule does not have, or beyond its bounds. */
const changed = (rule: RuleText, before: Record<string, number>, parameters: Record<string, number>) => {
  for (const [name, value] of Object.entries(parameters)) {
    const known = Object.hasOwn(rule.parameters, name) ? rule.parameters[name]! : undefined;
    if (known === undefined)
      throw unprocessable(
        'unknown_parameter',
        `/parameters/${name}`,
        `is none of this rule's: ${Object.keys(rule.parameters).join(', ')}`,
      );
    if (value < known.min || value > known.max)
      throw unprocessable(
        'parameter_out_of_range',
        `/parameters/${name}`,
        `must be ${known.min} to ${known.max} ${known.unit}`,
      );
  }
  return { ...before, ...parameters };
};

const checkSites = (world: World, siteIds: readonly string[]): void => {
  world.need(sites, siteIds);
  const unknown = siteIds.findIndex((id) => world.get(sites, id) === undefined);
  if (unknown !== -1) throw unprocessable('unknown_site', `/siteIds/${unknown}`, 'no such site');
};

const sameRule = (a: RuleAnswer, b: RuleAnswer): boolean =>
  a.enabled === b.enabled &&
  JSON.stringify(a.siteIds) === JSON.stringify(b.siteIds) &&
  Object.keys(b.parameters).every((name) => a.parameters[name] === b.parameters[name]);

/** Puts a rule in force, changes its parameters, or switches it off: each is the next version. */
export const setRule: Operation<RuleRequest & { code: string }, RuleAnswer> = {
  name: 'anomaly-rule.set',
  roles: ['operator', 'certifier', 'regulator'],
  status: 200,
  decide(world, { code, enabled, parameters = {}, siteIds, note }, { caller }) {
    const rule = ruleOf(code);
    if (rule === undefined) throw notFound('anomaly rule');
    const before = standing(code, rule, world.get(anomalyRules, code));
    const after = {
      code,
      version: before.version + 1,
      enabled: enabled ?? before.enabled,
      parameters: changed(rule, before.parameters, parameters),
      siteIds:
        siteIds === undefined ? before.siteIds : siteIds === null ? null : [...new Set(siteIds)].sort(),
    };
    if (after.siteIds !== null) checkSites(world, after.siteIds);
    if (sameRule(before, after))
      throw conflict('nothing_changed', 'The rule is in force just so already.', { version: before.version });
    return draft({
      type: anomalyRuleSet,
      data: { code, version: after.version, enabled: after.enabled },
      private: {
        keyId: caller.keyId,
        parameters: after.parameters,
        siteIds: after.siteIds,
        ...(note === undefined ? {} : { note }),
      },
    });
  },
  answer: ({ data, private: { parameters, siteIds } }) => ({
    code: data.code,
    version: data.version,
    enabled: data.enabled,
    parameters,
    siteIds,
  }),
};
