import { sha256 } from '../../kernel/hash.ts';
import { formatUuid } from '../../kernel/ids.ts';

/** Ids that follow from a name, so that playing the demo twice records nothing twice. */
export const demoId = (name: string): string => formatUuid(sha256(Buffer.from(`blue-cycle demo ${name}`)), 8);

/** A small fast generator with a seed (mulberry32): the same Jiaojiang every time. Returns 0 ≤ x < 1. */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
};

export type DemoSite = { name: string; latE7: number; lonE7: number };

export const STATIONS: readonly DemoSite[] = [
  { name: '椒江葭沚小蓝之家', latE7: 286_800_000, lonE7: 1_213_900_000 },
  { name: '椒江大陈岛小蓝之家', latE7: 284_600_000, lonE7: 1_219_000_000 },
  { name: '椒江前所小蓝之家', latE7: 286_950_000, lonE7: 1_214_500_000 },
  { name: '椒江三甲小蓝之家', latE7: 286_100_000, lonE7: 1_215_100_000 },
  { name: '椒江海门小蓝之家', latE7: 286_850_000, lonE7: 1_214_300_000 },
  { name: '椒江白沙小蓝之家', latE7: 286_700_000, lonE7: 1_214_100_000 },
  { name: '椒江洪家小蓝之家', latE7: 286_000_000, lonE7: 1_214_000_000 },
  { name: '椒江下陈小蓝之家', latE7: 285_700_000, lonE7: 1_214_600_000 },
  { name: '椒江章安小蓝之家', latE7: 287_000_000, lonE7: 1_213_600_000 },
  { name: '椒江一江山岛小蓝之家', latE7: 286_200_000, lonE7: 1_218_300_000 },
  { name: '椒江下大陈小蓝之家', latE7: 284_300_000, lonE7: 1_218_900_000 },
];
export const WAREHOUSES: readonly DemoSite[] = Array.from({ length: 54 }, (_, i) => ({
  name: `椒江海洋云仓 ${i + 1} 号`,
  latE7: 285_600_000 + (i % 9) * 150_000,
  lonE7: 1_213_700_000 + Math.floor(i / 9) * 250_000,
}));
export const RECYCLER: DemoSite = { name: '台州蓝色再生', latE7: 285_600_000, lonE7: 1_213_700_000 };
export const FRAUDSTER: DemoSite = { name: '台州远海再造', latE7: 285_400_000, lonE7: 1_213_500_000 };

const MATERIALS = [
  { material: 'pet', form: 'bottle', originClass: 'sea-recovered', weight: 0.7, fen: 4 },
  { material: 'pa6', form: 'fishing-net', originClass: 'fishing-gear', weight: 0.15, fen: 3 },
  { material: 'pp', form: 'rope', originClass: 'shoreline', weight: 0.15, fen: 2 },
];

export type DemoWeighIn = Record<string, unknown> & { id: string };

/** The weigh-ins of one station, in the order its phone recorded them; masses in grams, prices in fen. */
export const weighIns = (
  station: number,
  count: number,
  collectors: readonly string[],
  siteId: string,
): DemoWeighIn[] => {
  const random = seeded(20_231_101 + station);
  return Array.from({ length: count }, (_, i) => {
    const roll = random();
    const kind = roll < 0.7 ? MATERIALS[0]! : roll < 0.85 ? MATERIALS[1]! : MATERIALS[2]!;
    const netGrams = 800 + Math.floor(random() * 14_000);
    const day = 1 + Math.floor(random() * 28);
    const hour = 5 + Math.floor(random() * 12);
    const two = (n: number): string => String(n).padStart(2, '0');
    const known = random() > 0.02;
    return {
      id: demoId(`weigh-in ${station} ${i}`),
      siteId,
      ...(known
        ? { collectorId: collectors[Math.floor(random() * collectors.length)]! }
        : { bagTag: `T${station}-${i}` }),
      material: kind.material,
      form: kind.form,
      originClass: kind.originClass,
      originEvidence: 'position',
      grossGrams: netGrams + 300,
      tareGrams: 300,
      basis: 'weighed',
      ...(random() < 0.2
        ? { deductions: [{ kind: 'water', grams: Math.ceil(netGrams * 0.08), basis: 'sample' }] }
        : {}),
      collectedAt: `2026-10-${two(day)}T${two(hour)}:${two(Math.floor(random() * 60))}:00+08:00`,
      quote: { price: { amount: kind.fen, currency: 'CNY', perGrams: 10 } },
    };
  });
};

const FAMILY = '王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗';
const GIVEN = [
  '海生',
  '阿明',
  '小梅',
  '建国',
  '秀英',
  '志强',
  '丽华',
  '东海',
  '春燕',
  '大勇',
  '水根',
  '阿珍',
];

export const collectorName = (i: number): string =>
  `${FAMILY[i % FAMILY.length]}${GIVEN[Math.floor(i / FAMILY.length) % GIVEN.length]}`;
