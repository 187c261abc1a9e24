import type { Bilingual } from '../ledger/fact.ts';

export type Parameter = { initial: number; min: number; max: number; unit: string };

/** What a rule looks for, as data: what it compares stands in `weigh-in.ts`, `sums.ts` and `accounts.ts` under its code. */
export type RuleText = {
  title: Bilingual;
  /** A hit becomes a mark on the weigh-in, or a case about the site. */
  becomes: 'mark' | 'case';
  /**
   * The code that a mark shows. A rule that compares facts of a person shows `review` and nothing else (ledger format,
   * "What is open and what is sealed"); which rule it was stands in the private part.
   */
  mark: 'review' | 'implausible-mass' | 'far-from-site' | 'check-weight-missing';
  parameters: Record<string, Parameter>;
  /** `{name}` is a figure of the hit; `{name:kg}` of grams, `{name:%}` of basis points, `{name:g}` of milligrams. */
  reason: Bilingual;
};

const share = (initial: number): Parameter => ({ initial, min: 0, max: 1_000_000, unit: 'basis points' });

/**
 * The rules as shipped, version 1. All are off: their figures have no source but judgement, and a mark withholds a
 * claim, so none acts before somebody who answers for it puts it in force by a fact. A hit never touches pay, and
 * never refuses anything (domain, "Rules that hold always", 3 and 4).
 */
export const RULES = {
  'piece-mass': {
    title: { en: 'Mean mass of a piece', zh: '单件平均重量' },
    becomes: 'mark',
    mark: 'implausible-mass',
    parameters: {
      minBasisPoints: share(5_000),
      maxBasisPoints: share(25_000),
      minCount: { initial: 20, min: 1, max: 1_000_000, unit: 'pieces' },
    },
    reason: {
      en: '{count} pieces weigh {grams:kg} kg, {meanMilligrams:g} g each; from {minMilligrams:g} g to {maxMilligrams:g} g were to be expected.',
      zh: '{count} 件共重 {grams:kg} 千克，每件 {meanMilligrams:g} 克；预期为 {minMilligrams:g} 至 {maxMilligrams:g} 克。',
    },
  },
  'person-hour': {
    title: { en: 'Kilograms of a person an hour', zh: '每人每小时千克数' },
    becomes: 'mark',
    mark: 'review',
    parameters: {
      maxGramsPerHour: { initial: 100_000, min: 1, max: 1_000_000_000, unit: 'grams an hour' },
      minHours: { initial: 8, min: 1, max: 24, unit: 'hours a day counts for at least' },
    },
    reason: {
      en: '{grams:kg} kg of one person in a day of {minutes} minutes; at most {maxGramsPerHour:kg} kg an hour was to be expected.',
      zh: '同一人一天（{minutes} 分钟）交来 {grams:kg} 千克；预期每小时不超过 {maxGramsPerHour:kg} 千克。',
    },
  },
  'deliveries-per-day': {
    title: { en: 'Deliveries of a person a day', zh: '每人每日交售次数' },
    becomes: 'mark',
    mark: 'review',
    parameters: { maxDeliveries: { initial: 20, min: 1, max: 100_000, unit: 'weigh-ins' } },
    reason: {
      en: 'The {deliveries}th delivery of one person on a day; at most {maxDeliveries} were to be expected.',
      zh: '同一人当日第 {deliveries} 次交售；预期不超过 {maxDeliveries} 次。',
    },
  },
  'dry-yield': {
    title: { en: "A keeper's dry yield against the station's", zh: '家长净得率与本站对比' },
    becomes: 'case',
    mark: 'review',
    parameters: {
      maxDifferenceBasisPoints: share(500),
      minWeighIns: {
        initial: 30,
        min: 1,
        max: 1_000_000,
        unit: 'weigh-ins of the keeper, and of the others',
      },
    },
    reason: {
      en: 'After deductions {ownBasisPoints:%} % are left of what one keeper weighed in this month, and {othersBasisPoints:%} % of what the others at the station did.',
      zh: '本月该家长过秤扣杂后剩 {ownBasisPoints:%}%，同站其他人为 {othersBasisPoints:%}%。',
    },
  },
  'station-receipts': {
    title: { en: 'What a station booked against what arrived', zh: '站点发出与到货对比' },
    becomes: 'case',
    mark: 'review',
    parameters: {
      maxBasisPoints: share(30),
      minLoads: { initial: 5, min: 1, max: 100_000, unit: 'loads' },
    },
    reason: {
      en: 'Of {bookedGrams:kg} kg that the station sent in {loads} loads this month {missingGrams:kg} kg did not arrive, {missingBasisPoints:%} %: each load may be within tolerance, all together are not.',
      zh: '本月该站 {loads} 车共发出 {bookedGrams:kg} 千克，少到 {missingGrams:kg} 千克（{missingBasisPoints:%}%）：单车或在允差内，合计超出。',
    },
  },
  'station-day': {
    title: { en: 'What a station booked against what arrived, by the day', zh: '站点当日发出与到货对比' },
    becomes: 'case',
    mark: 'review',
    parameters: {
      maxBasisPoints: share(40),
      minLoads: { initial: 2, min: 1, max: 100_000, unit: 'loads' },
    },
    reason: {
      en: 'Of {bookedGrams:kg} kg of the station that arrived in {loads} loads on one day {missingGrams:kg} kg were missing, {missingBasisPoints:%} %.',
      zh: '该站当日到货 {loads} 车，发出 {bookedGrams:kg} 千克，少到 {missingGrams:kg} 千克（{missingBasisPoints:%}%）。',
    },
  },
  'same-account': {
    title: { en: 'One account of several people', zh: '多人同一账户' },
    becomes: 'case',
    mark: 'review',
    parameters: { maxPeople: { initial: 1, min: 1, max: 1_000, unit: 'people' } },
    reason: {
      en: '{people} people are paid to one account; at most {maxPeople} was to be expected.',
      zh: '{people} 人使用同一收款账户；预期不超过 {maxPeople} 人。',
    },
  },
  'far-from-site': {
    title: { en: 'Position far from the site', zh: '位置远离站点' },
    becomes: 'mark',
    mark: 'far-from-site',
    parameters: { maxMetres: { initial: 50_000, min: 1, max: 20_000_000, unit: 'metres' } },
    reason: {
      en: 'At least {metres} m from the site, after {accuracyM} m for the accuracy of both positions; at most {maxMetres} m was to be expected.',
      zh: '扣除两处定位精度 {accuracyM} 米后，距站点至少 {metres} 米；预期不超过 {maxMetres} 米。',
    },
  },
  'duplicate-evidence': {
    title: { en: 'Evidence used before', zh: '证据重复使用' },
    becomes: 'mark',
    mark: 'review',
    parameters: { maxUses: { initial: 1, min: 1, max: 1_000, unit: 'weigh-ins' } },
    reason: {
      en: 'A photo or paper of this weigh-in was shown with {earlier} earlier ones.',
      zh: '本次称重的照片或单据已在此前 {earlier} 次称重中使用。',
    },
  },
  'check-weight-missing': {
    title: { en: 'Check weight missing', zh: '未做砝码核查' },
    becomes: 'mark',
    mark: 'check-weight-missing',
    parameters: { maxDays: { initial: 1, min: 1, max: 400, unit: 'days' } },
    reason: {
      en: 'The scale passed no check weight within {maxDays} days, that of the weighing included.',
      zh: '该秤在截至称重当日的 {maxDays} 日内未通过砝码核查。',
    },
  },
} as const satisfies Record<string, RuleText>;

export type RuleCode = keyof typeof RULES;
export const RULE_CODES = Object.keys(RULES) as RuleCode[];

/** A rule by its code; undefined when there is none of that name. */
export const ruleOf = (code: string): RuleText | undefined =>
  Object.hasOwn(RULES, code) ? RULES[code as RuleCode] : undefined;

export const initialParameters = (rule: RuleText): Record<string, number> =>
  Object.fromEntries(Object.entries(rule.parameters).map(([name, { initial }]) => [name, initial]));

/** A whole number of thousandths, hundredths … as a decimal without needless zeros. */
const decimal = (value: number, places: number): string => {
  const digits = String(Math.abs(value)).padStart(places + 1, '0');
  const cut = digits.length - places;
  const fraction = digits.slice(cut).replace(/0+$/, '');
  return `${value < 0 ? '-' : ''}${digits.slice(0, cut)}${fraction === '' ? '' : `.${fraction}`}`;
};

const PLACES_OF: Record<string, number> = { kg: 3, g: 3, '%': 2 };

const fill = (template: string, figures: Readonly<Record<string, number>>): string =>
  template.replace(/\{(\w+)(?::([^}]+))?\}/g, (_, name: string, unit?: string) =>
    decimal(figures[name]!, unit === undefined ? 0 : PLACES_OF[unit]!),
  );

/** Why a rule hit, in both languages. */
export const reasonOf = (code: string, figures: Readonly<Record<string, number>>): Bilingual => {
  const { reason } = ruleOf(code)!;
  return { en: fill(reason.en, figures), zh: fill(reason.zh, figures) };
};
