import { randomUUID } from 'node:crypto';
import type { CollectionRequest } from '../../collection/collection.schema.ts';
import { namedUuid } from '../../kernel/ids.ts';

const COLLECTORS = 200;
const known = new Map<string, string[]>();

/** The two hundred collectors of a site, the same in every process; `openPlace` registers them. */
export const collectorsOf = (siteId: string): string[] => {
  let ids = known.get(siteId);
  if (ids === undefined) {
    ids = Array.from({ length: COLLECTORS }, (_, i) => namedUuid(`bench ${siteId} ${i}`));
    known.set(siteId, ids);
  }
  return ids;
};

let count = 0;

/** A bag of bottles from one of two hundred collectors, with its deduction and its quoted price; always a new fact. */
export const weighIn = (siteId: string): CollectionRequest & { id: string } => {
  count++;
  return {
    id: randomUUID(),
    siteId,
    collectorId: collectorsOf(siteId)[count % COLLECTORS]!,
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    originEvidence: 'position',
    grossGrams: 12_600 + (count % 1_000),
    tareGrams: 600,
    basis: 'weighed',
    deductions: [{ kind: 'water', grams: 1_800, basis: 'sample' }],
    collectedAt: new Date().toISOString(),
    quote: { price: { amount: 1, currency: 'CNY', perGrams: 1 } },
  };
};
