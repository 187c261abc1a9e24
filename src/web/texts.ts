/** What the page /verify says, in both languages alike. */
export type Language = 'en' | 'zh';

const TEXTS = {
  title: { en: 'Verify a receipt', zh: '核验收据' },
  other: { en: '中文', zh: 'English' },
  lead: {
    en: 'Check in your own browser that a batch or a fact stands in the Blue Cycle ledger, unchanged. Nothing you choose here is sent anywhere.',
    zh: '在您自己的浏览器中核验：某个批次或某条事实确实记在蓝色循环账本中，且未被改动。您选择的文件不会发送到任何地方。',
  },
  drop: {
    en: 'Drop a receipt bundle or an export here, or choose a file',
    zh: '将收据包或导出文件拖到此处，或选择文件',
  },
  lookUp: { en: 'Code of a batch or statement, or entry number', zh: '批次或声明编码，或条目序号' },
  go: { en: 'Fetch and verify', zh: '获取并核验' },
  noScript: {
    en: 'This browser runs no scripts, so it cannot check here. Download a bundle from /v1/batches/CODE/bundle or /v1/ledger/entries/NUMBER/bundle and check it with the package blue-cycle-verifier, or check the whole log with: npx blue-cycle verify --url ADDRESS',
    zh: '此浏览器未启用脚本，无法在此核验。请从 /v1/batches/编码/bundle 或 /v1/ledger/entries/序号/bundle 下载收据包，用 blue-cycle-verifier 软件包核验；或核验整个账本：npx blue-cycle verify --url 网址',
  },
  logHeading: { en: 'This site’s log', zh: '本站账本' },
  logHint: {
    en: 'Compare name and key with what your contract, the certifier or a printed report says. A copied site cannot sign with this key.',
    zh: '请与合同、认证机构或印刷报告中的名称和密钥比对。仿冒网站无法用此密钥签名。',
  },
  asking: { en: 'Asking for the checkpoint…', zh: '正在获取检查点…' },
  name: { en: 'Name', zh: '名称' },
  key: { en: 'Key', zh: '密钥' },
  entries: { en: 'Entries', zh: '条目数' },
  root: { en: 'Root', zh: '根' },
  firstVisit: {
    en: 'First visit: this browser now remembers the log’s key and checkpoint, and will notice if history changes.',
    zh: '首次访问：此浏览器已记住账本的密钥和检查点，历史若被改动将会发现。',
  },
  grown: {
    en: 'It continues the log you saw on your last visit ({size} entries): nothing before was changed.',
    zh: '它延续了您上次访问时的账本（{size} 条）：之前的内容未被改动。',
  },
  unchanged: { en: 'The same as on your last visit.', zh: '与您上次访问时相同。' },
  fork: {
    en: 'WARNING: this is not a continuation of the log this browser saw before ({size} entries). History was changed, or you are shown another one than before. Keep this page and tell the auditor.',
    zh: '警告：它不是此浏览器之前所见账本（{size} 条）的延续。历史被改动，或您看到的是另一份账本。请保留此页并通知审计方。',
  },
  behind: {
    en: 'WARNING: the log holds fewer entries than on your last visit ({size}). Entries were removed, or an old copy is being shown.',
    zh: '警告：账本条目少于您上次访问时（{size} 条）。条目被删除，或显示的是旧副本。',
  },
  otherKey: {
    en: 'WARNING: this log has another name or key than on your last visit. This may be a copied site.',
    zh: '警告：账本名称或密钥与您上次访问时不同。这可能是仿冒网站。',
  },
  offline: {
    en: 'The log did not answer; files can be checked all the same.',
    zh: '账本未响应；仍可核验文件。',
  },
  badLog: {
    en: 'WARNING: what this site says of its log does not verify.',
    zh: '警告：本站所示账本未通过核验。',
  },
  forget: { en: 'Forget what this browser remembers', zh: '清除此浏览器的记忆' },
  working: { en: 'Checking…', zh: '正在核验…' },
  fetching: { en: 'Fetching…', zh: '正在获取…' },
  rate: {
    en: '{entries} entries, {percent} %, {rate} a second',
    zh: '{entries} 条，{percent}%，每秒 {rate} 条',
  },
  valid: { en: 'Verified', zh: '核验通过' },
  invalid: { en: 'Not verified', zh: '核验未通过' },
  notFound: { en: 'There is no such batch or entry here.', zh: '此处没有该批次或条目。' },
  failed: {
    en: 'It could not be fetched ({status}). Try again later.',
    zh: '无法获取（{status}）。请稍后再试。',
  },
  mistyped: {
    en: 'A batch code has 16 digits and letters; an entry is a number.',
    zh: '批次编码为 16 位数字和字母；条目为数字。',
  },
  crashed: { en: 'The check itself failed: {detail}', zh: '核验程序出错：{detail}' },
  why: { en: 'Why', zh: '原因' },
  place: { en: 'at {at}', zh: '位置 {at}' },
  firstBad: { en: 'First bad entry: {seq}', zh: '第一条有问题的条目：{seq}' },
  subjectEntry: { en: 'Entry {seq}: {title}', zh: '条目 {seq}：{title}' },
  subjectBatch: { en: 'Batch {code}: {kg} kg', zh: '批次 {code}：{kg} 千克' },
  subjectStatement: {
    en: 'Statement {code}: {kg} kg of {of} kg sold',
    zh: '声明 {code}：所售 {of} 千克中的 {kg} 千克',
  },
  scheme: { en: 'Scheme', zh: '方案' },
  issuer: { en: 'Issuer', zh: '签发者' },
  validUntil: { en: 'Valid until', zh: '有效期至' },
  statusAsOf: { en: 'Not revoked or suspended as of', zh: '未撤销、未暂停，截至' },
  statusHint: {
    en: 'What happened to it later this file cannot know: look its code up on the register.',
    zh: '此文件无法得知其后的变化：请在公开登记中查询其编码。',
  },
  subjectLog: { en: 'Whole log: {size} entries', zh: '整个账本：{size} 条' },
  recorded: { en: 'Recorded {at}', zh: '记录于 {at}' },
  took: { en: 'Checked in {seconds} s', zh: '用时 {seconds} 秒' },
  checkedHeading: { en: 'What was checked', zh: '核验了什么' },
  checkedBytes: {
    en: '{count} entries: their exact bytes, and that each is in the signed log of {size}',
    zh: '{count} 条：逐字节核对，且均在已签名的 {size} 条账本之中',
  },
  checkedSigned: {
    en: 'Signed by {name}, with the key that entry 0 names',
    zh: '由 {name} 签名，密钥由第 0 条确定',
  },
  checkedPointers: {
    en: 'The seal of the batch, and the {count} facts it points back to',
    zh: '批次封装，及其所指的 {count} 条事实',
  },
  checkedOpenings: {
    en: 'Private parts opened and fitting their seals: {count}',
    zh: '已打开且与封印相符的私密部分：{count}',
  },
  checkedChain: { en: 'Every entry’s bytes, the chain, and the tree', zh: '每一条目的字节、链和树' },
  checkedContinues: {
    en: 'It continues the checkpoint this browser remembers ({size} entries)',
    zh: '它延续了此浏览器记住的检查点（{size} 条）',
  },
  witnessed: { en: 'Cosigned by the witness {name} at {at}', zh: '见证者 {name} 于 {at} 联署' },
  noWitness: {
    en: 'No witness cosigned: only the log itself vouches that all see the same log.',
    zh: '无见证者联署：只有账本自身保证所有人看到同一份账本。',
  },
  unsigned: { en: 'The export ends without a signature.', zh: '导出文件结尾没有签名。' },
  keyHere: { en: 'The key is the one of this site’s log.', zh: '密钥与本站账本一致。' },
  keyOther: {
    en: 'Another log than this site’s signed it: compare name and key with what you know.',
    zh: '签名者不是本站账本：请将名称和密钥与您所知的比对。',
  },
  oneHistory: {
    en: 'Its checkpoint and this site’s log are one history.',
    zh: '其检查点与本站账本属于同一历史。',
  },
  twoHistories: {
    en: 'WARNING: the same key signed this and the log this site shows now, and they are two histories. Keep the file and tell the auditor.',
    zh: '警告：同一密钥签署了此文件和本站现在的账本，而两者历史不同。请保留文件并通知审计方。',
  },
  provesHeading: { en: 'What this proves', zh: '这证明什么' },
  proves: {
    en: 'The facts were in the log when its key signed for it, and no byte was changed since.',
    zh: '签名时这些事实已在账本中，此后一个字节也未改动。',
  },
  provesNotHeading: { en: 'What it does not prove', zh: '这不能证明什么' },
  provesNot: {
    en: 'That a scale was honest, or that the bottles in your hand are these. For a batch it shows the step before the seal, not yet the whole way; and not what was sold later.',
    zh: '不能证明秤是准的，也不能证明您手中的就是这些料。对批次只显示封装的前一步，而非全程，也不显示之后的销售。',
  },
  factsHeading: { en: 'The facts', zh: '事实' },
  publicPart: { en: 'Public part', zh: '公开部分' },
  privatePart: { en: 'Private part', zh: '私密部分' },
  typesHeading: { en: 'Entries by kind', zh: '条目种类' },
} as const satisfies Record<string, Record<Language, string>>;

export type TextName = keyof typeof TEXTS;

/** The text, with `{name}` filled in. */
export const say = (
  language: Language,
  name: TextName,
  values: Readonly<Record<string, string | number>> = {},
): string => TEXTS[name][language].replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ''));
