import { escaped } from '../kernel/html.ts';
import { type sitePage, type Words, wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { codeForm, definition } from './public.ts';

const WORDS = {
  title: { en: 'Where plastic came from, for anyone to check', zh: '塑料从哪里来，人人可核验' },
  lead: {
    en: 'Plastic that fishing crews and others take out of the sea and off the shore is weighed, paid for, and followed gram by gram until it is a product. Each step is a fact in a ledger that can only grow. Anyone can check it, with this site or without.',
    zh: '渔民等从海上和岸线收集的塑料，逐笔称重、付款，并逐克追踪到成品。每一步都是账本中的一条事实，账本只增不改。任何人都可核验，也可不经本站核验。',
  },
  scan: { en: 'Scan or type a code', zh: '扫码或输入编码' },
  scanHow: {
    en: 'Point the camera of your phone at the QR code on the goods: it opens the page of that batch. Or type the code of a batch, a product or a statement:',
    zh: '用手机相机对准商品上的二维码，即可打开该批次页面。也可输入批次、产品或声明的编码：',
  },
  places: { en: 'What else is here', zh: '本站内容' },
  verify: {
    en: 'Check a receipt, a bundle or a whole ledger in your own browser',
    zh: '在您自己的浏览器中核验收据、收据包或整个账本',
  },
  register: { en: 'Every statement that was issued, and what became of it', zh: '所有出具过的声明及其现状' },
  transparency: {
    en: 'What was collected, made, lost, disputed: every number can be run again as of any entry',
    zh: '收集、加工、损耗、争议等数据：每个数字都可按任一账本位置重新计算',
  },
  passbook: {
    en: 'For those who collect: what you brought, what you earned, what was paid',
    zh: '供收集人员：交售、应得与已付',
  },
  verifyName: { en: 'Verify', zh: '核验' },
  registerName: { en: 'Public register', zh: '公开登记' },
  transparencyName: { en: 'Transparency', zh: '公开数据' },
  passbookName: { en: 'My passbook', zh: '我的存折' },
  careful: { en: 'What it is not', zh: '这不是什么' },
  careful1: {
    en: 'No certificate. A traceability statement is issued by the programme itself; certificates are issued by approved bodies alone, and are named as theirs.',
    zh: '不是认证证书。溯源声明由项目自行出具；认证证书只能由经批准的机构签发，并注明出自该机构。',
  },
  careful2: {
    en: 'No promise that every scale was honest. What is doubtful is marked and may not be claimed until others have looked.',
    zh: '不能保证每台秤都是准的。存疑的会被标记，在他人核查前不得用于声明。',
  },
  clone: { en: 'Is this the real site?', zh: '这是真正的网站吗？' },
  cloneSays: {
    en: 'A copy may look the same. It cannot sign with the key of this log. Compare the two lines below with what stands in your contract or on the goods; a browser that has been to “Verify” before warns when they change.',
    zh: '仿冒页可能一模一样，但无法用本账本的密钥签名。请将下面两行与合同或商品上的比对；曾打开“核验”页的浏览器在其变化时会警告。',
  },
  log: { en: 'Name of the log', zh: '账本名称' },
  key: { en: 'Key of the log', zh: '账本密钥' },
} as const satisfies Words<string>;

/** @param log the log's name and its first key, as anyone may know it */
export const homePage = (
  language: Language,
  log: { origin: string; key: string } | null,
): Parameters<typeof sitePage>[0] => {
  const t = wordsIn(WORDS, language);
  const place = (name: 'verify' | 'register' | 'transparency' | 'passbook'): string =>
    `<li><a href="/${name}?lang=${language}">${t(`${name}Name`)}</a><br>${t(name)}</li>`;
  const known =
    log === null
      ? ''
      : `<dl>${definition(t('log'), escaped(log.origin))}${definition(t('key'), `<code>${escaped(log.key)}</code>`)}</dl>`;
  return {
    ...{ language, path: '/', place: 'home', title: WORDS.title[language] },
    main: `<h1>${t('title')}</h1><p>${t('lead')}</p>
<section class="box"><h2>${t('scan')}</h2><p>${t('scanHow')}</p>${codeForm(language)}</section>
<h2>${t('places')}</h2><ul>${place('verify')}${place('register')}${place('transparency')}${place('passbook')}</ul>
<h2>${t('careful')}</h2><ul><li>${t('careful1')}</li><li>${t('careful2')}</li></ul>
<h2>${t('clone')}</h2><p>${t('cloneSays')}</p>${known}`,
  };
};
