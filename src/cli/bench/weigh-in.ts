import { randomUUID } from 'node:crypto';
import type { CollectionRequest } from '../../collection/collection.schema.ts';

const COLLECTORS = Array.from({ length: 200 }, () => randomUUID());
let count = 0;

/** A bag of bottles from one of two hundred collectors, with its deduction and its quoted price; always a new fact. */
export const weighIn = (siteId: string): CollectionRequest & { id: string } => {
  count++;
  return {
    id: randomUUID(),
    siteId,
    collectorId: COLLECTORS[count % COLLECTORS.length]!,
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
