import { z } from 'zod';
import { NIL } from '../kernel/ids.ts';
import { Currency, Id, Time, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { FlatTax, ReverseInvoicing } from './tax-rules.schema.ts';
import { taxRules, taxSchedules } from './taxes.tables.ts';

/** It names buyers, which are never public (ledger format, "What is open and what is sealed"). */
const Published = z.strictObject({ version: z.int().min(1) });
const PublishedPrivate = z.strictObject({
  keyId: Id,
  ruleId: Id,
  source: text(200),
  startsAt: Time,
  currency: Currency,
  reverseInvoicing: ReverseInvoicing.optional(),
  flat: z.array(FlatTax),
});

export const taxRulePublished: FactType<z.infer<typeof Published>, z.infer<typeof PublishedPrivate>> = {
  type: 'tax-rule.published.v1',
  title: { en: 'Tax rule published', zh: '税务规则发布' },
  data: Published,
  private: PublishedPrivate,
  grams: 'none',
  fen: 'None move; what is owed from its start on is taxed by it, until the next starts.',
  backPointers: [],
  apply(world, { seq, data: { version }, private: more }) {
    const { keyId: _, ruleId: id, reverseInvoicing = null, ...rule } = more;
    const startsAt = Date.parse(more.startsAt);
    world.put(taxRules, { ...rule, id, version, startsAt, reverseInvoicing, seq, lastSeq: seq });
    const starts = [...(world.get(taxSchedules, NIL)?.starts ?? []), { ruleId: id, startsAt }];
    world.put(taxSchedules, { id: NIL, starts, lastSeq: seq });
  },
};
