import type { Words } from '../web/kit.ts';

/** What the page of a batch says. */
export const WORDS = {
  batchTitle: { en: 'Batch {code}', zh: '批次 {code}' },
  productTitle: { en: 'Product of batch {code}', zh: '批次 {code} 的产品' },
  statementTitle: { en: 'Statement {code}', zh: '声明 {code}' },
  unknownTitle: { en: 'Unknown code', zh: '未知编码' },
  unknown: {
    en: 'No batch, product or statement of this programme has this code. Type it again as it stands on the goods; if it is the same, do not trust the goods.',
    zh: '本项目没有此编码的批次、产品或声明。请按商品上的编码重新输入；若仍如此，请勿相信该商品。',
  },
  tamperedTitle: { en: 'Something was changed', zh: '记录被改动' },
  tampered: {
    en: 'What the tables say of this code is not what the signed log says. Nothing else is shown. Tell the auditor.',
    zh: '此编码的数据与已签名的账本不符，因此不显示其他内容。请通知审计方。',
  },
  testTitle: { en: 'A code for tests', zh: '测试编码' },
  testSays: {
    en: 'This code was made for tests. Nothing stands behind it.',
    zh: '此编码仅供测试，没有任何实物。',
  },
  notChecked: { en: 'Not checked yet', zh: '尚未核验' },
  noScript: {
    en: 'This browser runs no scripts, so nothing was checked here: what stands below is what this server says. To check it, open this page in another browser, or run on any computer:',
    zh: '此浏览器未启用脚本，因此未做任何核验：以下仅为本服务器所述。请用其他浏览器打开本页，或在任一电脑上运行：',
  },
  summary: { en: '{grams} kg of {material}, {form}', zh: '{material}·{form}，{grams} 千克' },
  sealed: { en: 'Sealed', zh: '封装' },
  product: {
    en: 'One piece weighs {unit} g; {percent} % of it ({content} g) was made from this batch. {units} pieces were made.',
    zh: '每件重 {unit} 克，其中 {percent}%（{content} 克）来自本批次。共制造 {units} 件。',
  },
  says: { en: 'The statement says', zh: '声明内容' },
  statementSays: {
    en: '“{name}” of {grams} kg: {verdict}, as this server found at {at}.',
    zh: '《{name}》{grams} 千克：{verdict}（本服务器于 {at} 查得）。',
  },
  statements: { en: 'Statements', zh: '声明' },
  noStatements: {
    en: 'Nothing was stated of this batch under any scheme. What stands here is a record, not a claim.',
    zh: '本批次未在任何方案下作出声明。此处仅为记录，不是宣称。',
  },
  originHeading: { en: 'What it was made from', zh: '原料来源' },
  originLead: {
    en: 'Every gram by what it was when it came in. The names are those of the classes: only grams recovered at sea may be called ocean plastic.',
    zh: '逐克按入账时的类别列出。名称即类别名称：只有海上打捞的克数可称“海洋塑料”。',
  },
  origin: { en: 'Origin', zh: '来源' },
  known: { en: '(how it is known)', zh: '（依据）' },
  mass: { en: 'kg', zh: '千克' },
  share: { en: 'Share', zh: '占比' },
  kg: { en: '{kg} kg', zh: '{kg} 千克' },
  declaredShare: {
    en: '{percent} % of the grams rest on somebody’s word alone (“declared”): nobody but the collector says where they come from.',
    zh: '{percent}% 的克数仅凭口述（“申报”）：除收集员外，无人证明其来源。',
  },
  outsideShare: {
    en: '{percent} % did not come in by this programme’s scales: it was bought, added, or lay there before.',
    zh: '{percent}% 并非经本项目称重入账，而是外购、添加或原有库存。',
  },
  noOutside: {
    en: 'Nothing that was bought, added or lay there before went into it, as far as was recorded.',
    zh: '据记录，未掺入外购、添加或原有库存的材料。',
  },
  claimable: {
    en: '{kg} kg of it may be stated under a scheme as things stand; doubts and open cases hold the rest.',
    zh: '目前其中 {kg} 千克可在方案下声明；其余因存疑或未结案件而不可。',
  },
  custody: { en: 'How it was kept apart', zh: '监管链模式' },
  'identity-preserved': {
    en: 'Identity preserved (ISO 22095): kept apart from all else from one source on.',
    zh: '身份保持（ISO 22095）：自单一来源起始终与其他材料分开。',
  },
  segregated: {
    en: 'Segregated (ISO 22095): mixed only with material of the same kind; what you hold is of these sources.',
    zh: '隔离（ISO 22095）：仅与同类材料混合；您手中的料来自这些来源。',
  },
  'controlled-blending': {
    en: 'Controlled blending (ISO 22095): mixed with other material in known parts; a piece holds about that part.',
    zh: '受控混合（ISO 22095）：按已知比例与其他材料混合；每件约含该比例。',
  },
  'mass-balance': {
    en: 'Mass balance (ISO 22095): the grams were booked, but the piece in your hand may hold none of them.',
    zh: '质量平衡（ISO 22095）：克数仅为账面分配，您手中的产品可能不含这些料。',
  },
  wayHeading: { en: 'The way of the grams', zh: '每一克的路径' },
  wayLead: {
    en: 'From the top to the bottom. Bars are as wide as their grams. Every figure is what was weighed or booked at that step; of each step the whole is drawn, also what went elsewhere and what was lost.',
    zh: '自上而下。条的宽度即克数。每个数字都是该步骤称得或入账的数；每一步都画出全部，包括去往他处和损耗的部分。',
  },
  wayPicture: { en: 'The way of the grams of this batch, drawn as bands', zh: '本批次克数的路径图' },
  unread: {
    en: 'The way is still being worked out; look again in a second.',
    zh: '路径尚在计算，请稍后再看。',
  },
  lostNode: { en: 'Lost', zh: '损耗' },
  elsewhere: { en: 'Went elsewhere, or is still there', zh: '去往他处或仍在库' },
  transported: { en: 'taken along', zh: '分运' },
  made: { en: 'processed', zh: '加工' },
  batchNode: { en: 'this batch', zh: '本批次' },
  outside: { en: 'From outside', zh: '外来材料' },
  surplus: { en: 'Surplus of a count', zh: '盘盈' },
  'weigh-in': { en: 'Weighed in', zh: '收集称重' },
  losses: { en: 'Losses on the way', zh: '途中损耗' },
  noLosses: { en: 'No loss was recorded on the way.', zh: '途中未记录损耗。' },
  timeline: { en: 'What happened when', zh: '时间线' },
  cameIn: { en: '{what}: {times} times, {kg} kg', zh: '{what}：{times} 次，{kg} 千克' },
  sample: { en: 'of these, for checking:', zh: '其中抽查：' },
  times: { en: '{what}, {times} times', zh: '{what}，{times} 次' },
  more: { en: 'Earlier facts are not listed here.', zh: '更早的事实未在此列出。' },
  places: { en: 'Where', zh: '地点' },
  placesLead: {
    en: 'Points within about ten kilometres, on purpose: nobody’s door is shown. No coast and no borders are drawn. North is up.',
    zh: '地点有意只精确到约十公里，不显示任何人的住处。不画海岸线和边界。上方为北。',
  },
  placesPicture: { en: 'Coarse places of this batch', zh: '本批次的大致地点' },
  placesMore: { en: 'and {n} more', zh: '另有 {n} 处' },
  here: { en: 'sealed here', zh: '在此封装' },
  people: { en: 'The people', zh: '人' },
  peopleMany: {
    en: '{n} people brought what is in this batch. Nobody is named.',
    zh: '{n} 人收集了本批次的材料。不显示任何姓名。',
  },
  peopleFew: {
    en: 'Fewer than five known people brought what is in this batch: no number is shown, so that nobody is found out.',
    zh: '本批次已知收集员不足五人，为避免识别个人，不显示人数。',
  },
  paid: {
    en: 'Of what this batch earned them, {paid} was paid to {n} people, as entry {seq} of the log commits to.',
    zh: '本批次为他们挣得的款项中，已向 {n} 人支付 {paid}，见账本第 {seq} 条承诺。',
  },
  earned: { en: 'Earned: {earned}; still owed: {owed}.', zh: '应得：{earned}；尚欠：{owed}。' },
  unpaid: {
    en: 'No proof of payment was published of this batch. That does not say that nobody was paid.',
    zh: '本批次尚未发布付款证明。这不表示未付款。',
  },
  provesHeading: { en: 'What this proves', zh: '这证明什么' },
  proves1: {
    en: 'That these facts stand in the log as it was signed, and no byte was changed since: the verdict above was computed by your browser.',
    zh: '这些事实确在已签名的账本中，此后一个字节也未改动：上方结论由您的浏览器自行计算。',
  },
  proves2: {
    en: 'That the seal of the batch names its mass and the facts it was made from, and that these are unchanged too.',
    zh: '批次封装写明其质量和所依据的事实，这些事实同样未被改动。',
  },
  provesNotHeading: { en: 'What it does not prove', zh: '这不能证明什么' },
  provesNot1: {
    en: 'That a scale was honest, that somebody told the truth of where plastic lay, or that the goods in your hand are these: a code can be copied.',
    zh: '不能证明秤是准的、申报的来源属实，也不能证明您手中的就是这些料：编码可以被复制。',
  },
  provesNot2: {
    en: 'The figures of the way, the people and the places are worked out by this server from the facts. Whoever does not trust it works them out again from the public log:',
    zh: '路径、人数和地点由本服务器根据事实计算。若不信任，可用公开账本自行重算：',
  },
  provesNot3: {
    en: 'It is no certificate, and says nothing of climate, health or the quality of the goods.',
    zh: '它不是认证证书，也不说明气候、健康或商品质量。',
  },
  cloneHeading: { en: 'Is this the real site?', zh: '这是真正的网站吗？' },
  clone: {
    en: 'A copy may look just like this page. The real one stands at {host}, and its log has the name and the key below, which are printed on the goods and in the contract. Your browser remembers both, and warns when they change.',
    zh: '仿冒页可能与本页一模一样。真正的网站地址为 {host}，其账本名称和密钥如下，并印在商品和合同上。您的浏览器会记住它们，若有变化会警告。',
  },
  shortName: { en: 'Short name of the log’s key', zh: '账本密钥简称' },
  logName: { en: 'Name of the log', zh: '账本名称' },
  secondOpinion: {
    en: 'For a second opinion, take the proof home and check it with another program:',
    zh: '如需另行核验，可下载证明并用其他程序检查：',
  },
  bundle: { en: 'Proof of this batch (JSON)', zh: '本批次的证明（JSON）' },
  qr: { en: 'QR code for the goods', zh: '商品用二维码' },
  qrSays: {
    en: 'It holds the address of this page and the key of the log.',
    zh: '其中含本页地址和账本密钥。',
  },
  asOf: { en: 'The figures were worked out at {at}.', zh: '数据计算于 {at}。' },
} as const satisfies Words<string>;

/** Verdicts on a statement, as a reader is told. */
export const VERDICT_WORDS = {
  valid: { en: 'valid', zh: '有效' },
  suspended: { en: 'SUSPENDED: do not rely on it', zh: '已暂停：请勿采信' },
  revoked: { en: 'REVOKED: it does not hold any more', zh: '已撤销：不再有效' },
  superseded: { en: 'superseded by another', zh: '已被其他声明替代' },
  expired: { en: 'expired', zh: '已过期' },
  'not-yet-valid': { en: 'not valid yet', zh: '尚未生效' },
  unknown: { en: 'unknown', zh: '未知' },
  tampered: { en: 'TAMPERED WITH', zh: '被改动' },
  test: { en: 'a test', zh: '测试' },
} as const satisfies Words<string>;

/** How the origin of grams is known. */
export const EVIDENCE = {
  track: { en: 'track of a vessel', zh: '船舶航迹' },
  position: { en: 'position', zh: '定位' },
  certificate: { en: 'outside certificate', zh: '外部证书' },
  declared: { en: 'declared: somebody’s word', zh: '申报：口述' },
  none: { en: 'not said', zh: '未说明' },
} as const satisfies Words<string>;
