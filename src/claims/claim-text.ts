import { conflict, type DomainError } from '../kernel/errors.ts';
import type { CustodyModel } from '../provenance/custody-model.ts';
import type { SchemeRules } from '../schemes/rules.ts';

export type Both = { en: string; zh: string };

/** Accepted grams of one origin class in the lot spoken of; `declared` of them rest on somebody's word alone. */
export type OriginShare = { originClass: string; grams: number; declaredGrams: number };

export type TextParts = {
  rules: SchemeRules;
  /** The published name of the body that set the scheme; needed where it issues certificates. */
  body: string | null;
  statementCode: string;
  year: number;
  model: CustodyModel;
  origins: readonly OriginShare[];
  /** Claimed mass of the product's, in basis points; null where grams are retired into no product. */
  basisPoints: number | null;
  grams: number;
  /** ISO 3166-1 alpha-2, or EU. */
  market: string;
};

/** Where Directive (EU) 2024/825 holds: the Union, and the EEA beside it. */
const EU: ReadonlySet<string> = new Set(
  'EU AT BE BG HR CY CZ DE DK EE EL ES FI FR GR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK'.split(
    ' ',
  ),
);
export const marketOf = (code: string): 'cn' | 'eu' | 'else' => {
  if (code === 'CN') return 'cn';
  return EU.has(code) ? 'eu' : 'else';
};

const MODELS: Record<CustodyModel, Both> = {
  'identity-preserved': { en: 'identity preserved', zh: '身份保持' },
  segregated: { en: 'segregated', zh: '隔离' },
  'controlled-blending': { en: 'controlled blending', zh: '受控混合' },
  'mass-balance': { en: 'mass balance', zh: '质量平衡' },
};

/** Basis points as a percentage, never more than they are. */
export const percent = (basisPoints: number): string => {
  const [whole, rest] = [Math.floor(basisPoints / 100), basisPoints % 100];
  return rest === 0 ? `${whole}` : `${whole}.${String(rest).padStart(2, '0').replace(/0$/, '')}`;
};

const refused = (code: string, why: string): DomainError =>
  conflict('text_not_permitted', why, { why: code });

/** ⌊basisPoints × of / whole⌋, in integers of any size. */
const portionOf = (basisPoints: number, of: number, whole: number): number =>
  whole === 0 ? 0 : Number((BigInt(basisPoints) * BigInt(of)) / BigInt(whole));

type Named = { name: Both; forbidden: { en: string[]; zh: string[] }; grams: number; declaredGrams: number };

/** What is accepted, by the one name each class may bear; classes of one name together, the largest first. */
const namedOrigins = ({ origins: rules }: SchemeRules, origins: readonly OriginShare[]): Named[] => {
  const byName = new Map<string, Named>();
  for (const { originClass, grams, declaredGrams } of origins) {
    const rule = rules.find((one) => one.originClass === originClass);
    if (rule === undefined || grams === 0) continue;
    const before = byName.get(rule.publicName.en);
    byName.set(rule.publicName.en, {
      name: rule.publicName,
      forbidden: {
        en: [...(before?.forbidden.en ?? []), ...rule.forbiddenNames.en],
        zh: [...(before?.forbidden.zh ?? []), ...rule.forbiddenNames.zh],
      },
      grams: (before?.grams ?? 0) + grams,
      declaredGrams: (before?.declaredGrams ?? 0) + declaredGrams,
    });
  }
  return [...byName.values()].sort((a, b) => b.grams - a.grams || (a.name.en < b.name.en ? -1 : 1));
};

const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s-]+/gu, '');

/** The forbidden name that a text bears, however it is written; undefined where there is none. */
export const forbiddenIn = (text: string, names: readonly string[]): string | undefined =>
  names.find((name) => plain(text).includes(plain(name)));

/** Words by which a text would call something certified. */
const CERTIFIED = /certif|认证|認證/iu;

/** A line for each name: how much of the product it is, and how much of that rests on somebody's word. */
const shareLine = (
  { name, grams, declaredGrams }: Named,
  { basisPoints, grams: claimed }: TextParts,
  whole: number,
): Both => {
  const said = declaredGrams === 0 ? 0 : Math.max(1, portionOf(10_000, declaredGrams, grams));
  const declared: Both =
    said === 0
      ? { en: '', zh: '' }
      : {
          en: ` (${percent(said)} % of it by declaration only)`,
          zh: `（其中 ${percent(said)}% 仅凭申报）`,
        };
  if (basisPoints === null) {
    const part = portionOf(claimed, grams, whole);
    return { en: `${name.en}: ${part} g${declared.en}`, zh: `${name.zh}：${part} 克${declared.zh}` };
  }
  const share = percent(portionOf(basisPoints, grams, whole));
  return {
    en: `${name.en}: ${share} % of the mass of this product${declared.en}`,
    zh: `${name.zh}：占本产品质量的 ${share}%${declared.zh}`,
  };
};

const issuerLine = ({ rules, body, year, statementCode }: TextParts): Both => {
  const by =
    rules.issues === 'certificate'
      ? { en: `certified by ${body}`, zh: `由${body}认证` }
      : { en: 'stated by the programme itself, no outside body', zh: '由项目自行声明，无外部机构' };
  return {
    en: `${rules.name.en}, ${year}, ${by.en}; code ${statementCode}.`,
    zh: `${rules.name.zh}（${year} 年，${by.zh}）；编码 ${statementCode}。`,
  };
};

const modelLine = ({ model, basisPoints, market }: TextParts): Both => {
  const name = MODELS[model];
  const allocated = model === 'mass-balance' && basisPoints !== null;
  const rest = marketOf(market) === 'eu' && basisPoints !== null && basisPoints < 10_000;
  const en = [
    `Chain of custody: ${name.en} (ISO 22095).`,
    ...(allocated
      ? ['The share is allocated by mass balance; this product itself may hold none of it.']
      : []),
    ...(rest ? ['This concerns only the share named; the rest of the product is other material.'] : []),
    ...(basisPoints === null ? ['It is part of no product, and says nothing of any.'] : []),
  ];
  const zh = [
    `监管链：${name.zh}（ISO 22095）。`,
    ...(allocated ? ['该比例按质量平衡分配，本产品实物可能不含。'] : []),
    ...(rest ? ['仅指所列比例，产品其余部分为其他材料。'] : []),
    ...(basisPoints === null ? ['不属于任何产品，也不说明任何产品。'] : []),
  ];
  return { en: en.join(' '), zh: zh.join('') };
};

/**
 * What may be said in a market of grams claimed under a scheme, in both languages: made of origin class, custody model,
 * share, body and year, never typed (domain, rules 2 and 9; the names are the scheme's). Facts alone, for Directive (EU)
 * 2024/825 forbids labels without a certification scheme, general praise, and words about a whole product that hold for
 * a part; the Chinese regulation on certification keeps that word for approved bodies.
 *
 * @throws 409 `text_not_permitted`, whose state says why: `pre-check`, `below-minimum`, `nothing-accepted`,
 * `body-not-named`, `forbidden-name`, `certified-without-a-body`, `offset-in-market`
 */
export const claimText = (parts: TextParts): Both => {
  const { rules, body, basisPoints, origins } = parts;
  if (rules.issues === 'pre-check')
    throw refused(
      'pre-check',
      'A pre-check is no statement to the public; nothing may be said of it on a product.',
    );
  if (basisPoints !== null && basisPoints < rules.minContentBasisPoints)
    throw refused(
      'below-minimum',
      `${percent(basisPoints)} % is less than the ${percent(rules.minContentBasisPoints)} % that the scheme demands of a product.`,
    );
  if (rules.issues === 'certificate' && body === null)
    throw refused(
      'body-not-named',
      'The body of this scheme has no published name, and nothing is certified by nobody.',
    );
  if (rules.exclusionGroup === 'offset' && marketOf(parts.market) === 'eu')
    throw refused(
      'offset-in-market',
      'Nothing is said of an offset to buyers in the European Union (Directive (EU) 2024/825); retire it without a market.',
    );
  const named = namedOrigins(rules, origins);
  const whole = named.reduce((sum, { grams }) => sum + grams, 0);
  if (whole === 0) throw refused('nothing-accepted', 'The scheme accepts nothing of what is in it.');
  const shares = named.map((one) => shareLine(one, parts, whole));
  for (const [i, { forbidden }] of named.entries()) {
    const { en, zh } = shares[i]!;
    const worn = forbiddenIn(en, forbidden.en) ?? forbiddenIn(zh, forbidden.zh);
    if (worn !== undefined)
      throw refused('forbidden-name', `The text would bear the name “${worn}”, which is forbidden.`);
  }
  const [model, issuer] = [modelLine(parts), issuerLine(parts)];
  const text = {
    en: [`${shares.map(({ en }) => en).join('; ')}.`, model.en, issuer.en].join(' '),
    zh: [`${shares.map(({ zh }) => zh).join('；')}。`, model.zh, issuer.zh].join(''),
  };
  if (rules.issues !== 'certificate' && (CERTIFIED.test(text.en) || CERTIFIED.test(text.zh)))
    throw refused(
      'certified-without-a-body',
      'The text would call something certified that no body certified.',
    );
  return text;
};
