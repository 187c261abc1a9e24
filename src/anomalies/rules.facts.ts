import { z } from 'zod';
import { Id, note } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { anomalyRules, anomalyRuleVersions } from './anomalies.tables.ts';

const RuleSet = z.strictObject({
  code: z.string(),
  /** The shipped rule is version 1. */
  version: z.int().min(2),
  enabled: z.boolean(),
});
/** Where exactly a rule begins to doubt is not for those it watches. */
const RuleSetPrivate = z.strictObject({
  keyId: Id,
  parameters: z.record(z.string(), z.int()),
  /** null: all sites of the programme. */
  siteIds: z.array(Id).nullable(),
  note: note(2_000).optional(),
});

/** In force from the next fact on. */
export const anomalyRuleSet: FactType<z.infer<typeof RuleSet>, z.infer<typeof RuleSetPrivate>> = {
  type: 'anomaly-rule.set.v1',
  title: { en: 'Anomaly rule set', zh: '异常规则设定' },
  data: RuleSet,
  private: RuleSetPrivate,
  grams: 'none',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, data, private: { parameters, siteIds } }) {
    const rule = { ...data, parameters, siteIds, seq };
    world.get(anomalyRules, data.code);
    world.put(anomalyRules, rule);
    world.add(anomalyRuleVersions, rule);
  },
};
