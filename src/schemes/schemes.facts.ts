import { z } from 'zod';
import { MAX_INTEGER, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import { SchemeRules } from './rules.ts';
import { schemes, schemeVersions } from './schemes.tables.ts';

const Published = z.strictObject({
  code: text(60),
  version: z.int().min(1).max(MAX_INTEGER),
  rules: SchemeRules,
});
const PublishedPrivate = z.strictObject({ keyId: z.string() });

export const schemePublished: FactType<z.infer<typeof Published>, z.infer<typeof PublishedPrivate>> = {
  type: 'scheme.published.v1',
  title: { en: 'Scheme published', zh: '认定方案发布' },
  data: Published,
  private: PublishedPrivate,
  grams: 'None move; what is asked for from now on is judged by it.',
  fen: 'none',
  backPointers: [],
  apply(world, { seq, actor, data: { code, version, rules } }) {
    world.put(schemes, { code, version, organisationId: actor, seq, lastSeq: seq, rules });
    world.add(schemeVersions, { code, version, organisationId: actor, seq, rules });
  },
};
