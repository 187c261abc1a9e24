import { VOCABULARY } from '../http/vocabulary.ts';
import { thousandths } from '../pollutants/note.page.ts';
import { yuanText } from '../rails/lists.ts';
import type { Language } from '../web/texts.ts';

/** Characters of one message: UCS-2 where a Chinese character stands in it, else the GSM 7-bit alphabet (3GPP TS 23.038). */
export const SMS_UCS2 = 70;
export const SMS_GSM = 160;

/** Of the GSM 7-bit default alphabet, what our texts use; none of these takes two places. */
const GSM = /^[A-Za-z0-9 \n.,:;+\-()/%&'"?!*=<>#@_$]*$/;

/** Whether the text goes into one message. */
export const fitsSms = (text: string): boolean =>
  GSM.test(text) ? text.length <= SMS_GSM : text.length <= SMS_UCS2;

type Fen = { amount: number; currency: string };

/** Where a fact stands in the ledger and the first digits of its leaf hash: enough to look it up and compare. */
export const receiptCode = (seq: number, leafHash: string): string => `${seq}-${leafHash.slice(0, 6)}`;

/** What an SMS says of a weigh-in as it is by now. Masses in grams, money in minor units. */
export type WeighInSlip = {
  day: string;
  material: string;
  form: string;
  state: 'recorded' | 'corrected' | 'voided';
  grossGrams: number;
  tareGrams: number;
  deductionGrams: number;
  payGrams: number;
  /** Null where no price is known. */
  earning: Fen | null;
  /** Of the earning, what waits for a decision; and what was given at the scale. */
  waits: number;
  settled: number;
  code: string;
  /** A link to the passbook, where one was made. */
  link?: string | undefined;
};

export type PaymentSlip = {
  day: string;
  paid: Fen;
  rail: string;
  state: string;
  /** What is owed by now, minor units. */
  owed: number;
  code: string;
  link?: string | undefined;
};

const nameOf = (
  kind: 'material' | 'form' | 'payoutRail' | 'payoutState',
  code: string,
  l: Language,
): string => (VOCABULARY[kind] as Record<string, { en: string; zh: string } | undefined>)[code]?.[l] ?? code;

/** An amount as people read it: yuan in Chinese, the currency's code before it elsewhere. */
export const moneyText = ({ amount, currency }: Fen, language: Language): string => {
  const sign = amount < 0 ? '-' : '';
  const decimal = `${sign}${yuanText(Math.abs(amount))}`;
  return language === 'zh' && currency === 'CNY' ? `${decimal}元` : `${currency} ${decimal}`;
};

/** The first of the texts, the fullest first, that goes into one message; the last is made so that it always does. */
const firstThatFits = (texts: readonly string[]): string => texts.find(fitsSms) ?? texts.at(-1)!;

/** Every text with the link behind it first, then every one without: a link that does not fit is left out. */
const withLink = (texts: readonly string[], link: string | undefined): string[] =>
  link === undefined ? [...texts] : [...texts.map((text) => `${text} ${link}`), ...texts];

/** Without its year, which the message itself bears: 11月24日. */
const dayZh = (day: string): string => `${Number(day.slice(5, 7))}月${Number(day.slice(8, 10))}日`;

const weighInZh = (slip: WeighInSlip): string[] => {
  const { state, earning, waits, settled, code } = slip;
  const day = dayZh(slip.day);
  const kg = (grams: number): string => thousandths(grams);
  const what = `${nameOf('material', slip.material, 'zh')}${nameOf('form', slip.form, 'zh')}`;
  if (state === 'voided')
    return [
      `蓝色循环${day}${what}毛重${kg(slip.grossGrams)}千克的称重已作废，不再应付。凭证${code}`,
      `蓝色循环${day}称重已作废。号${code}`,
    ];
  const again = state === 'corrected' ? '更正' : '';
  const weights = `毛${kg(slip.grossGrams)}皮${kg(slip.tareGrams)}扣${kg(slip.deductionGrams)}计价${kg(slip.payGrams)}千克`;
  const earned = earning === null ? '价格未定' : `应得${moneyText(earning, 'zh')}`;
  const currency = earning?.currency ?? 'CNY';
  const waiting = waits === 0 ? '' : `，其中${moneyText({ amount: waits, currency }, 'zh')}待定`;
  const paid = settled === 0 ? '' : `，已付${moneyText({ amount: settled, currency }, 'zh')}`;
  const short = `计价${kg(slip.payGrams)}千克`;
  return [
    `蓝色循环${again}${day}${what}${weights}，${earned}${waiting}${paid}。凭证${code}`,
    `蓝色循环${again}${day}${what}${short}，${earned}${waiting}${paid}。凭证${code}`,
    `${again}${day} ${short}，${earned}${waiting}${paid}。号${code}`,
    `${again}${day} ${short}，${earned}。号${code}`,
    `${day} ${kg(slip.payGrams)}千克 ${earning === null ? '价未定' : moneyText(earning, 'zh')} 号${code}`,
  ];
};

const weighInEn = (slip: WeighInSlip): string[] => {
  const { day, state, earning, waits, settled, code } = slip;
  const kg = (grams: number): string => thousandths(grams);
  const what = `${nameOf('material', slip.material, 'en')} ${nameOf('form', slip.form, 'en').toLowerCase()}`;
  if (state === 'voided')
    return [
      `Blue Cycle ${day}: the weigh-in of ${what}, gross ${kg(slip.grossGrams)} kg, was voided; nothing is owed for it. No ${code}`,
      `Blue Cycle ${day}: a weigh-in was voided. No ${code}`,
    ];
  const again = state === 'corrected' ? ' corrected' : '';
  const weights = `gross ${kg(slip.grossGrams)}, tare ${kg(slip.tareGrams)}, deducted ${kg(slip.deductionGrams)}, paid for ${kg(slip.payGrams)} kg`;
  const earned = earning === null ? 'no price yet' : `earned ${moneyText(earning, 'en')}`;
  const currency = earning?.currency ?? 'CNY';
  const waiting = waits === 0 ? '' : ` (${moneyText({ amount: waits, currency }, 'en')} undecided)`;
  const paid = settled === 0 ? '' : `, given ${moneyText({ amount: settled, currency }, 'en')}`;
  const short = `paid for ${kg(slip.payGrams)} kg`;
  return [
    `Blue Cycle${again} ${day} ${what}: ${weights}; ${earned}${waiting}${paid}. No ${code}`,
    `Blue Cycle${again} ${day} ${what}: ${short}; ${earned}${waiting}${paid}. No ${code}`,
    `Blue Cycle${again} ${day}: ${short}; ${earned}. No ${code}`,
  ];
};

/**
 * A weigh-in in one message, Chinese or English: its weights and what it earned, in full where they go in, else the paid
 * weight and the sum. A number is never cut.
 */
export const weighInText = (slip: WeighInSlip, language: Language): string =>
  firstThatFits(withLink(language === 'zh' ? weighInZh(slip) : weighInEn(slip), slip.link));

const paymentZh = ({ day: on, paid, rail, state, owed, code }: PaymentSlip): string[] => {
  const day = dayZh(on);
  const amount = moneyText(paid, 'zh');
  const way = nameOf('payoutRail', rail, 'zh');
  const done = state === 'paid' ? `已付您${amount}` : `付款${amount}${nameOf('payoutState', state, 'zh')}`;
  const left = moneyText({ amount: owed, currency: paid.currency }, 'zh');
  return [
    `蓝色循环${day}${done}（${way}），尚欠您${left}。凭证${code}`,
    `${day}${done}，尚欠${left}。号${code}`,
    `${day}${done}。号${code}`,
  ];
};

const paymentEn = ({ day, paid, rail, state, owed, code }: PaymentSlip): string[] => {
  const amount = moneyText(paid, 'en');
  const way = nameOf('payoutRail', rail, 'en');
  const done =
    state === 'paid'
      ? `paid you ${amount}`
      : `payment of ${amount}: ${nameOf('payoutState', state, 'en').toLowerCase()}`;
  const left = moneyText({ amount: owed, currency: paid.currency }, 'en');
  return [
    `Blue Cycle ${day}: ${done} (${way}); still owed to you ${left}. No ${code}`,
    `Blue Cycle ${day}: ${done}; still owed ${left}. No ${code}`,
  ];
};

/** A payment in one message: how much, over which rail, how it stands, and what is still owed. */
export const paymentText = (slip: PaymentSlip, language: Language): string =>
  firstThatFits(withLink(language === 'zh' ? paymentZh(slip) : paymentEn(slip), slip.link));
