import fc from 'fast-check';
import t from 'tap';
import { claimText, forbiddenIn, marketOf, percent, type TextParts } from '../../src/claims/claim-text.ts';
import { custodyModels } from '../../src/provenance/custody-model.ts';
import { SHIPPED } from '../../src/schemes/shipped.ts';

const rules = SHIPPED['traceability-statement']!;
const parts: TextParts = {
  ...{ rules, body: null, statementCode: 'ABCDEFGH01234567', year: 2026, model: 'segregated', market: 'CN' },
  origins: [{ originClass: 'sea-recovered', grams: 1_000, declaredGrams: 0 }],
  ...{ basisPoints: 7_500, grams: 750 },
};
const why = (change: Partial<TextParts>): string => {
  try {
    claimText({ ...parts, ...change });
    return 'was made';
  } catch (error) {
    return (error as { state?: { why: string } }).state?.why ?? String(error);
  }
};

t.test('the words follow from class, model, share, body and year, by market', async (t) => {
  t.same(claimText(parts), {
    en: 'Ocean plastic: 75 % of the mass of this product. Chain of custody: segregated (ISO 22095). Traceability statement of the programme, 2026, stated by the programme itself, no outside body; code ABCDEFGH01234567.',
    zh: '海洋塑料：占本产品质量的 75%。监管链：隔离（ISO 22095）。溯源声明（2026 年，由项目自行声明，无外部机构）；编码 ABCDEFGH01234567。',
  });
  const origins = [
    { originClass: 'shoreline', grams: 200, declaredGrams: 0 },
    { originClass: 'waterway', grams: 100, declaredGrams: 30 },
    { originClass: 'sea-recovered', grams: 100, declaredGrams: 0 },
  ];
  const mixed = claimText({ ...parts, origins, market: 'FR', model: 'mass-balance' });
  t.match(
    mixed.en,
    'Ocean-bound plastic: 56.25 % of the mass of this product (10 % of it by declaration only);',
  );
  t.match(mixed.en, 'Ocean plastic: 18.75 % of the mass of this product.');
  t.match(mixed.en, 'this product itself may hold none of it');
  t.match(mixed.en, 'the rest of the product is other material', 'said in the EU, where a part is claimed');
  t.match(mixed.zh, '本产品实物可能不含');
  t.notMatch(claimText(parts).en, 'the rest of the product');
  t.notMatch(claimText({ ...parts, market: 'FR', basisPoints: 10_000 }).en, 'the rest of the product');
  t.equal(marketOf('CN'), 'cn');
  t.equal(marketOf('US'), 'else');
  const certificate = { ...rules, issues: 'certificate' as const };
  t.match(claimText({ ...parts, rules: certificate, body: 'Body A' }).en, 'certified by Body A');
  t.match(claimText({ ...parts, rules: certificate, body: 'Body A' }).zh, '由Body A认证');
  const offset = { ...rules, exclusionGroup: 'offset' as const };
  const retired = claimText({ ...parts, rules: offset, basisPoints: null, grams: 5_000, market: '' });
  t.match(retired.en, 'Ocean plastic: 5000 g. ');
  t.match(retired.en, 'part of no product');
});

t.test('what may not be said is refused, and says why', async (t) => {
  t.equal(why({}), 'was made');
  t.equal(why({ rules: SHIPPED['ocean-bound-pre-check']! }), 'pre-check');
  t.equal(why({ basisPoints: 499 }), 'below-minimum');
  t.equal(why({ basisPoints: 500 }), 'was made');
  t.equal(
    why({ origins: [{ originClass: 'vessel-waste', grams: 5, declaredGrams: 0 }] }),
    'nothing-accepted',
  );
  t.equal(why({ rules: { ...rules, issues: 'certificate' } }), 'body-not-named');
  const offset = { ...rules, exclusionGroup: 'offset' as const };
  t.equal(why({ rules: offset, basisPoints: null, market: 'DE' }), 'offset-in-market');
  const misnamed = (en: string, zh: string, originClass = 'shoreline') => ({
    rules: {
      ...rules,
      origins: rules.origins.map((o) =>
        o.originClass === originClass ? { ...o, publicName: { en, zh } } : o,
      ),
    },
    origins: [{ originClass, grams: 5, declaredGrams: 0 }],
  });
  t.equal(why(misnamed('Ocean-bound plastic', '趋海塑料')), 'was made');
  for (const name of ['Ocean plastic', 'OCEAN  PLASTIC', 'ｏｃｅａｎ-plastic', 'Finest marine plastic'])
    t.equal(why(misnamed(name, '趋海塑料')), 'forbidden-name', name);
  t.equal(why(misnamed('Ocean-bound plastic', '海洋 塑料')), 'forbidden-name');
  t.equal(why(misnamed('Certified reuse', '趋海塑料')), 'certified-without-a-body');
  t.equal(why(misnamed('Reuse', '认证再生')), 'certified-without-a-body');
  t.equal(why({ rules: { ...rules, name: { en: 'x', zh: '某认证' } } }), 'certified-without-a-body');
});

t.test('whatever goes in, no class bears a forbidden name, and no share is more than it is', async (t) => {
  const origin = fc.record({
    originClass: fc.constantFrom(...rules.origins.map((o) => o.originClass)),
    grams: fc.integer({ min: 1, max: 10 ** 12 }),
    declaredGrams: fc.constant(0),
  });
  const property = fc.property(
    fc.uniqueArray(origin, { minLength: 1, selector: (o) => o.originClass }),
    fc.integer({ min: 500, max: 10_000 }),
    fc.constantFrom('CN', 'FR', 'US'),
    fc.constantFrom(...custodyModels),
    (origins, basisPoints, market, model) => {
      const text = claimText({ ...parts, origins, basisPoints, market, model });
      const shares = [...text.en.matchAll(/: ([\d.]+) % of the mass/g)].map(([, n]) => Number(n));
      if (Math.round(shares.reduce((a, b) => a + b, 0) * 100) > basisPoints) return false;
      const sea = origins.some((o) => o.originClass === 'sea-recovered');
      return (
        sea || forbiddenIn(text.en + text.zh, ['ocean plastic', '海洋塑料', 'marine plastic']) === undefined
      );
    },
  );
  fc.assert(property, { numRuns: 500 });
  t.equal(percent(1), '0.01');
  t.equal(percent(7_550), '75.5');
});
