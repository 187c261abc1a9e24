import t from 'tap';
import { MATERIALS, PAYOUT_RAILS, PAYOUT_STATES, POLLUTANTS } from '../../src/kernel/vocabulary.ts';
import {
  fitsSms,
  type PaymentSlip,
  paymentText,
  type WeighInSlip,
  weighInText,
} from '../../src/passbook/receipt-text.ts';

const LANGUAGES = ['zh', 'en'] as const;
const SLIP: WeighInSlip = {
  day: '2026-11-24',
  material: 'pet',
  form: 'bottle',
  state: 'recorded',
  grossGrams: 12_600,
  tareGrams: 600,
  deductionGrams: 1_800,
  payGrams: 10_200,
  earning: { amount: 10_200, currency: 'CNY' },
  waits: 0,
  settled: 0,
  code: '1234-9f86d0',
};
const LONGEST = `${Number.MAX_SAFE_INTEGER}-9f86d0`;

t.test('a weigh-in as its collector reads it', async (t) => {
  t.equal(
    weighInText(SLIP, 'zh'),
    '蓝色循环11月24日聚酯 PET瓶毛12.6皮0.6扣1.8计价10.2千克，应得102.00元。凭证1234-9f86d0',
  );
  t.equal(
    weighInText({ ...SLIP, waits: 2_000, settled: 8_200 }, 'en'),
    'Blue Cycle 2026-11-24 PET bottle: gross 12.6, tare 0.6, deducted 1.8, paid for 10.2 kg; earned CNY 102.00 (CNY 20.00 undecided), given CNY 82.00. No 1234-9f86d0',
  );
  t.match(weighInText({ ...SLIP, state: 'corrected' }, 'zh'), /更正/);
  t.match(weighInText({ ...SLIP, state: 'voided' }, 'zh'), /12\.6千克的称重已作废/);
  t.match(weighInText({ ...SLIP, earning: null }, 'zh'), /价格未定/);
  t.match(weighInText({ ...SLIP, earning: { amount: 1, currency: 'USD' } }, 'zh'), /USD 0\.01/);
});

t.test('every weigh-in goes into one message, with its paid weight and its sum whole', async (t) => {
  const grams = [0, 1, 999, 1_000, 12_345_678, 9_999_999_999, 10_000_000_000];
  const fen = [0, 1, 99, 10_200, 123_456_789, Number.MAX_SAFE_INTEGER];
  let seen = 0;
  for (const language of LANGUAGES)
    for (const material of [...MATERIALS, ...POLLUTANTS])
      for (const state of ['recorded', 'corrected', 'voided'] as const)
        for (const mass of grams)
          for (const amount of fen)
            for (const code of ['7-9f86d0', LONGEST]) {
              const slip: WeighInSlip = {
                ...{ ...SLIP, material, form: 'fishing-net', state, code },
                ...{ grossGrams: mass, tareGrams: mass, deductionGrams: mass, payGrams: mass },
                ...{ earning: { amount, currency: 'CNY' }, waits: amount, settled: amount },
              };
              const text = weighInText(slip, language);
              const kg = String(mass / 1_000);
              const yuan = `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, '0')}`;
              const whole = state === 'voided' || (text.includes(kg) && text.includes(yuan));
              if (!fitsSms(text) || !whole || !text.includes(code)) t.fail(`${text.length}: ${text}`);
              seen++;
            }
  t.ok(seen > 4_000, `${seen} texts`);
});

t.test('every payment goes into one message', async (t) => {
  const slip: PaymentSlip = {
    ...{ day: '2026-11-24', paid: { amount: 9_000, currency: 'CNY' }, rail: 'wechat', state: 'paid' },
    ...{ owed: 1_020, code: '1234-9f86d0' },
  };
  t.equal(
    paymentText(slip, 'zh'),
    '蓝色循环11月24日已付您90.00元（微信商家转账），尚欠您10.20元。凭证1234-9f86d0',
  );
  t.equal(
    paymentText(slip, 'en'),
    'Blue Cycle 2026-11-24: paid you CNY 90.00 (WeChat Pay transfer); still owed to you CNY 10.20. No 1234-9f86d0',
  );
  t.match(paymentText({ ...slip, state: 'unknown' }, 'zh'), /结果未知/, 'what is not paid is not called so');
  for (const language of LANGUAGES)
    for (const rail of PAYOUT_RAILS)
      for (const state of PAYOUT_STATES)
        for (const amount of [0, 10, Number.MAX_SAFE_INTEGER]) {
          const long = { ...slip, rail, state, owed: amount, code: LONGEST };
          const text = paymentText({ ...long, paid: { amount, currency: 'CNY' } }, language);
          if (!fitsSms(text) || !text.includes(LONGEST)) t.fail(`${text.length}: ${text}`);
        }
});

t.test('a link goes along where there is room, and nothing else is lost for one that has none', async (t) => {
  const link = 'https://b.example/b/Ab3dEf7hJk9m';
  const short = weighInText({ ...SLIP, link }, 'zh');
  t.ok(short.endsWith(` ${link}`) && fitsSms(short), short);
  const long = weighInText({ ...SLIP, link: `https://${'a'.repeat(200)}.example` }, 'zh');
  t.equal(long, weighInText(SLIP, 'zh'));
});

t.test('what one message holds', async (t) => {
  t.equal(fitsSms('a'.repeat(160)), true);
  t.equal(fitsSms('a'.repeat(161)), false);
  t.equal(fitsSms('元'.repeat(70)), true);
  t.equal(fitsSms('元'.repeat(71)), false);
  t.equal(fitsSms(`${'a'.repeat(70)}元`), false, 'one character of Chinese makes all of them UCS-2');
  t.equal(fitsSms('{'.repeat(71)), false, 'a brace takes two places in GSM');
});
