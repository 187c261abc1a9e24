import type { ExternalCertificate } from '../certificates/certificates.tables.ts';
import type { SiteFigures, SiteMass } from '../figures/public-site.ts';
import type { VOCABULARY } from '../http/vocabulary.ts';
import { escaped } from '../kernel/html.ts';
import type { Site } from '../registry/registry.tables.ts';
import { type Say, type sitePage, type Words, wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import { squareOf, squareText } from './places.ts';
import { definition, inThousands, kilograms, nameOf, tableOf } from './public.ts';

const WORDS = {
  title: { en: 'What a site did', zh: '站点情况' },
  unknownTitle: { en: 'No such site', zh: '没有此站点' },
  unknown: { en: 'No site of this programme has this number.', zh: '本项目没有此编号的站点。' },
  lead: {
    en: 'Sites are not named here, and their place is given within about ten kilometres, so that nobody’s door is shown. Numbers are as of entry {seq} of the ledger.',
    zh: '此处不显示站点名称，位置只精确到约十公里，以免显示任何人的住处。数字截至账本第 {seq} 条。',
  },
  kind: { en: 'Kind', zh: '类型' },
  station: { en: 'Collection station', zh: '收集站' },
  warehouse: { en: 'Warehouse', zh: '仓库' },
  recycler: { en: 'Recycler', zh: '再生企业' },
  manufacturer: { en: 'Manufacturer', zh: '制造商' },
  disposal: { en: 'Disposal', zh: '处置场所' },
  place: { en: 'Place', zh: '位置' },
  state: { en: 'State', zh: '状态' },
  active: { en: 'open', zh: '运营中' },
  closed: { en: 'closed', zh: '已关闭' },
  custody: { en: 'Chain of custody', zh: '监管链模式' },
  number: { en: 'Number', zh: '编号' },
  masses: { en: 'Masses by step', zh: '各环节质量' },
  massesLead: {
    en: 'Each step by its own: the same gram goes through several, so they are never added up.',
    zh: '各环节分别计量：同一克经过多个环节，不得相加。',
  },
  step: { en: 'Step', zh: '环节' },
  of: { en: 'Of what', zh: '对象' },
  mass: { en: 'Mass', zh: '质量' },
  collected: { en: 'Weighed in', zh: '收集称重' },
  received: { en: 'Loads received', zh: '到货' },
  used: { en: 'Used by', zh: '加工投入' },
  made: { en: 'Made by', zh: '加工产出' },
  sealed: { en: 'Sealed for sale', zh: '封装待售' },
  left: { en: 'Left for good', zh: '最终离开' },
  sent: { en: 'Loads sent', zh: '发出' },
  nothing: { en: 'Nothing is recorded here yet.', zh: '尚无记录。' },
  losses: { en: 'Losses', zh: '损耗' },
  noLosses: { en: 'No loss is recorded here.', zh: '未记录损耗。' },
  where: { en: 'Where', zh: '环节' },
  loss: { en: 'Kind', zh: '类型' },
  processing: { en: 'In processing', zh: '加工' },
  transport: { en: 'On the way here', zh: '运来途中' },
  incident: { en: 'By an incident', zh: '事故' },
  stock: { en: 'In stock', zh: '库存' },
  noStock: { en: 'Nothing stands here.', zh: '无库存。' },
  material: { en: 'Material', zh: '材料' },
  claimable: { en: 'of it claimable', zh: '其中可声明' },
  pollutants: { en: 'Pollutants from vessels, apart', zh: '船舶污染物（另列）' },
  volume: { en: 'Volume', zh: '体积' },
  arrived: { en: 'Arrived', zh: '转入' },
  residue: { en: 'Residue', zh: '残余' },
  treated: { en: 'Treated', zh: '处理' },
  lost: { en: 'Lost', zh: '损失' },
  voided: { en: 'Voided', zh: '作废' },
  cases: { en: 'Cases', zh: '案件' },
  casesText: {
    en: '{opened} were opened that are about this site; {decided} are decided, {withdrawn} withdrawn, {open} open.',
    zh: '涉及本站点的案件共 {opened} 件：已裁定 {decided}，已撤回 {withdrawn}，未结 {open}。',
  },
  people: { en: 'People', zh: '人数' },
  peopleText: {
    en: 'At least {n} known people brought something in months that are over (rounded down to fives).',
    zh: '在已结束的月份，至少有 {n} 名已知人员交售过（向下取整至五的倍数）。',
  },
  peopleFew: {
    en: 'Fewer than five known people, or no month is over yet: no number is shown.',
    zh: '已知人员不足五人，或尚无已结束的月份：不显示人数。',
  },
  certificates: { en: 'Outside certificates', zh: '外部证书' },
  noCertificates: { en: 'None is registered for this site.', zh: '本站点未登记外部证书。' },
  valid: { en: '{body}, {number}, {from} – {until}', zh: '{body}，{number}，{from} – {until}' },
  checked: { en: 'last looked at {day}: {state}', zh: '最近核查 {day}：{state}' },
  'in-force': { en: 'in force', zh: '有效' },
  suspended: { en: 'suspended', zh: '暂停' },
  withdrawn: { en: 'withdrawn', zh: '已撤销' },
  again: {
    en: 'These numbers are worked out by this server from facts that anyone can read under /log; entry by entry they say more than this page.',
    zh: '以上数字由本服务器根据事实计算，任何人都可在 /log 逐条读取原始事实。',
  },
} as const satisfies Words<string>;
type T = Say<keyof typeof WORDS>;
type Page = Parameters<typeof sitePage>[0];

export const noSitePage = (language: Language): Page => {
  const t = wordsIn(WORDS, language);
  return {
    ...{ language, path: '/register', hidden: true, title: WORDS.unknownTitle[language] },
    main: `<h1>${t('unknownTitle')}</h1><p>${t('unknown')}</p>`,
  };
};

/** In which vocabulary stands what a step is about. */
const OF: Readonly<Record<SiteMass['step'], keyof typeof VOCABULARY>> = {
  collected: 'material',
  received: 'material',
  used: 'step',
  made: 'step',
  sealed: 'material',
  left: 'exitWay',
  sent: 'material',
};

const massTables = ({ masses, losses, stock, pollutants }: SiteFigures, language: Language, t: T): string => {
  const kg = (grams: number): string => kilograms(grams, language);
  const steps = masses.map(({ step, of, grams }) => [
    t(step),
    of === null ? '' : nameOf(OF[step], of, language),
    kg(grams),
  ]);
  const lost = losses.map(({ where, kind, grams }) => [
    t(where),
    kind === null ? '' : nameOf('lossKind', kind, language),
    kg(grams),
  ]);
  const standing = stock.map(({ material, form, grams, claimableGrams }) => [
    `${nameOf('material', material, language)} · ${nameOf('form', form, language)}`,
    kg(grams),
    kg(claimableGrams),
  ]);
  const apart = pollutants.map(({ material, kind, grams, millilitres }) => [
    nameOf('material', material, language),
    Object.hasOwn(WORDS, kind) ? t(kind as 'treated') : escaped(kind),
    grams === 0 ? '' : kg(grams),
    millilitres === 0 ? '' : `${inThousands(millilitres)} L`,
  ]);
  return `<h2>${t('masses')}</h2><p>${t('massesLead')}</p>${
    steps.length === 0
      ? `<p>${t('nothing')}</p>`
      : tableOf(t('masses'), [t('step'), t('of'), t('mass')], steps, [2])
  }<h2>${t('losses')}</h2>${
    lost.length === 0
      ? `<p>${t('noLosses')}</p>`
      : tableOf(t('losses'), [t('where'), t('loss'), t('mass')], lost, [2])
  }<h2>${t('stock')}</h2>${
    standing.length === 0
      ? `<p>${t('noStock')}</p>`
      : tableOf(t('stock'), [t('material'), t('mass'), t('claimable')], standing, [1, 2])
  }${
    apart.length === 0
      ? ''
      : `<h2>${t('pollutants')}</h2>${tableOf(t('pollutants'), [t('material'), t('step'), t('mass'), t('volume')], apart, [2, 3])}`
  }`;
};

export const sitePublicPage = (
  language: Language,
  site: Pick<Site, 'id' | 'kind' | 'cell' | 'state' | 'custodyModel'>,
  figures: SiteFigures,
  certificates: readonly ExternalCertificate[],
  asOfSeq: number,
): Page => {
  const t = wordsIn(WORDS, language);
  const { opened, decided, withdrawn } = figures.cases;
  const kind = Object.hasOwn(WORDS, site.kind) ? t(site.kind as 'station') : escaped(site.kind);
  const papers = certificates.map(
    ({ body, number, validFrom: from, validUntil: until, checkedAt, state }) =>
      `<li>${t('valid', { body, number, from, until })}<br><small>${t('checked', { day: checkedAt.slice(0, 10), state: WORDS[state][language] })}</small></li>`,
  );
  return {
    ...{
      language,
      path: `/sites/${site.id}`,
      title: `${WORDS.title[language]} ${squareText(squareOf(site.cell))}`,
    },
    main: `<h1>${t('title')}</h1><p>${t('lead', { seq: asOfSeq })}</p><dl>
${definition(t('kind'), kind)}
${definition(t('place'), escaped(squareText(squareOf(site.cell))))}
${definition(t('state'), t(site.state))}
${definition(t('custody'), nameOf('custodyModel', site.custodyModel, language))}
${definition(t('number'), `<code>${escaped(site.id)}</code>`)}
</dl>${massTables(figures, language, t)}
<h2>${t('cases')}</h2><p>${t('casesText', { opened, decided, withdrawn, open: opened - decided - withdrawn })}</p>
<h2>${t('people')}</h2><p>${figures.people === null ? t('peopleFew') : t('peopleText', { n: figures.people })}</p>
<h2>${t('certificates')}</h2>${papers.length === 0 ? `<p>${t('noCertificates')}</p>` : `<ul>${papers.join('')}</ul>`}
<footer><p>${t('again')}</p></footer>`,
  };
};
