import type { SchemeRules } from './rules.ts';

type Origin = SchemeRules['origins'][number];

/** Words that say more than any class of ours may. */
const OVERSTATED = {
  en: ['100 % ocean plastic', 'certified ocean plastic', 'carbon neutral', 'plastic neutral'],
  zh: ['100% 海洋塑料', '认证海洋塑料', '碳中和', '塑料中和'],
};
const NOT_FROM_THE_SEA = {
  en: ['ocean plastic', 'marine plastic', ...OVERSTATED.en],
  zh: ['海洋塑料', '海洋回收塑料', ...OVERSTATED.zh],
};
const OCEAN_PLASTIC = { en: 'Ocean plastic', zh: '海洋塑料' };
const OCEAN_BOUND = { en: 'Ocean-bound plastic', zh: '趋海塑料' };

const origin = (
  originClass: string,
  evidence: string[],
  publicName: Origin['publicName'],
  forbiddenNames: Origin['forbiddenNames'] = NOT_FROM_THE_SEA,
): Origin => ({ originClass, evidence, publicName, forbiddenNames });

const LOCATED = ['track', 'position', 'certificate'];
/** Also on somebody's word alone: a page says how much of it. */
const SAID = [...LOCATED, 'declared'];
const FISHING_GEAR = { en: 'Recovered fishing gear', zh: '回收废弃渔具' };
const AQUACULTURE_GEAR = { en: 'Recovered aquaculture gear', zh: '回收废弃养殖具' };

/** Yields that a site's own norm may allow at most: sorting and drying lose, nothing gains. */
const NORMS: SchemeRules['norms'] = ['pet', 'pe-hd', 'pe-ld', 'pp', 'pa6'].flatMap((material) => [
  { step: 'wash', material, maxBasisPoints: 9_000 },
  { step: 'wash-pelletise', material, maxBasisPoints: 9_000 },
  { step: 'pelletise', material, maxBasisPoints: 10_000 },
]);

/**
 * Schemes as shipped, by code. None is in force before somebody who answers for it publishes it by a fact; each may
 * publish rules of its own instead.
 */
export const SHIPPED: Readonly<Record<string, SchemeRules>> = {
  'traceability-statement': {
    name: { en: 'Traceability statement of the programme', zh: '溯源声明' },
    issues: 'traceability-statement',
    says: {
      en: 'Says where these grams come from, as recorded and checkable in the public log. It is issued by the programme itself; it is no certificate and no product certification.',
      zh: '说明这些克数的来源，记录于公开日志并可核验。由项目自行出具，不是认证证书，也不是产品认证。',
    },
    exclusionGroup: 'content',
    origins: [
      origin('sea-recovered', SAID, OCEAN_PLASTIC, OVERSTATED),
      origin('shoreline', SAID, OCEAN_BOUND),
      origin('waterway', SAID, OCEAN_BOUND),
      origin('potential-ocean-bound', SAID, OCEAN_BOUND),
      origin('fishing-gear', SAID, FISHING_GEAR),
      origin('aquaculture-gear', SAID, AQUACULTURE_GEAR),
    ],
    custodyModels: ['identity-preserved', 'segregated', 'controlled-blending'],
    norms: [],
    demandsKnownScale: false,
    demandsScope: false,
    minContentBasisPoints: 500,
    validMonths: 24,
  },
  'ocean-bound-pre-check': {
    name: { en: 'Pre-check for ocean-bound plastic', zh: '趋海塑料预审' },
    issues: 'pre-check',
    says: {
      en: 'A pre-check shaped after what schemes for ocean-bound plastic ask. It is NOT an OBP certificate, and only an approved body issues one.',
      zh: '参照趋海塑料方案要求所作的预审。本文件不是 OBP 证书；OBP 证书只能由经批准的机构签发。',
    },
    exclusionGroup: 'content',
    origins: [
      origin('shoreline', LOCATED, OCEAN_BOUND),
      origin('waterway', LOCATED, OCEAN_BOUND),
      origin('potential-ocean-bound', LOCATED, OCEAN_BOUND),
      origin('fishing-gear', LOCATED, FISHING_GEAR),
    ],
    // Certified material is never mixed with other material; certified of several origins may be.
    custodyModels: ['identity-preserved', 'segregated'],
    norms: NORMS,
    demandsKnownScale: true,
    demandsScope: true,
    minContentBasisPoints: 500,
    validMonths: 12,
  },
};
