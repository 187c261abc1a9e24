import type { Language } from './texts.ts';

/** What a browser says once it has checked a batch, in both languages. */
const TEXTS = {
  checking: { en: 'Your browser is checking…', zh: '您的浏览器正在核验…' },
  valid: { en: 'Verified by your browser', zh: '已由您的浏览器核验' },
  invalid: { en: 'Not verified: it was changed', zh: '核验未通过：内容被改动' },
  good: {
    en: '{entries} facts, byte by byte: they stand in the signed log of {size} entries. {seconds} s.',
    zh: '逐字节核对 {entries} 条事实：均在已签名的 {size} 条账本之中。用时 {seconds} 秒。',
  },
  keyFits: {
    en: 'The log’s key is the one on the QR code.',
    zh: '账本密钥与二维码上的一致。',
  },
  noKeyOnCode: {
    en: 'You did not come by a QR code with a key: compare the key below with the one on the goods.',
    zh: '您不是通过带密钥的二维码进入：请将下方密钥与商品上的比对。',
  },
  otherKey: {
    en: 'Not verified: the QR code names another log. This may be a copied site, or a copied code',
    zh: '核验未通过：二维码指向另一账本，可能是仿冒网站或仿冒二维码',
  },
  keyOnCode: { en: 'Key on the code:', zh: '二维码上的密钥：' },
  otherLog: {
    en: 'Not verified: two histories of this log are being shown. Keep this page and tell the auditor',
    zh: '核验未通过：账本出现两种历史。请保留此页并通知审计方',
  },
  changed: {
    en: 'Not verified: the log is not what this browser saw before. See below',
    zh: '核验未通过：账本与此浏览器之前所见不同，见下方',
  },
  noLog: {
    en: 'Not verified: the log could not be checked',
    zh: '核验未通过：无法核验账本',
  },
  disagrees: {
    en: 'Not verified: this page says other than the log',
    zh: '核验未通过：本页内容与账本不符',
  },
  badFacts: {
    en: 'Not verified: facts on the way were changed',
    zh: '核验未通过：途中的事实被改动',
  },
  whichFacts: { en: 'Entries {seqs}', zh: '条目 {seqs}' },
  goodFacts: {
    en: 'Facts of the timeline checked as well: {n}.',
    zh: '时间线中的事实也已核验：{n} 条。',
  },
  noBundle: {
    en: 'Not verified: the server gave no proof',
    zh: '核验未通过：服务器未给出证明',
  },
  noAnswer: {
    en: 'Not checked: the server did not answer. Try again',
    zh: '未核验：服务器未响应，请重试',
  },
  crashed: { en: 'Not checked: the check itself failed', zh: '未核验：核验程序出错' },
} as const satisfies Record<string, Record<Language, string>>;

export type ProductText = keyof typeof TEXTS;

/** The text, with `{name}` filled in. */
export const sayOfProduct = (
  language: Language,
  name: ProductText,
  values: Readonly<Record<string, string | number>> = {},
): string => TEXTS[name][language].replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ''));
