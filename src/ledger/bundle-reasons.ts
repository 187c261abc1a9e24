/** Why a bundle may be rejected, for those who read it. Codes stay as they are. */
export const BUNDLE_REASONS = {
  'not-a-bundle': { en: 'This is not a receipt bundle.', zh: '这不是收据包。' },
  'too-large': { en: 'The file is too large for a bundle.', zh: '文件过大，不是收据包。' },
  'not-text': { en: 'The file is not UTF-8 text.', zh: '文件不是 UTF-8 文本。' },
  'not-json': { en: 'The file is damaged, or not JSON.', zh: '文件已损坏，或不是 JSON。' },
  'wrong-format': {
    en: 'The file names no bundle format that is known here.',
    zh: '文件所述格式不是已知的收据包格式。',
  },
  'wrong-shape': {
    en: 'A part is missing, or is there that does not belong.',
    zh: '缺少某一部分，或有多余部分。',
  },
  'not-canonical': {
    en: 'The text is not in the one form a bundle has: it was changed after it was made.',
    zh: '文本不是收据包的唯一规范形式：生成后被改动过。',
  },
  'entry-not-canonical': { en: 'The bytes of an entry were changed.', zh: '条目的字节被改动过。' },
  'entry-wrong-members': {
    en: 'An entry has other members than entries have.',
    zh: '条目的成员不符合格式。',
  },
  'wrong-proof-form': { en: 'A proof is not written as proofs are.', zh: '证明的写法不符合格式。' },
  'wrong-proof': {
    en: 'An entry is not in the log that was signed: its bytes or its proof were changed.',
    zh: '条目不在已签名的账本中：其字节或证明被改动过。',
  },
  'wrong-place': { en: 'A proof is of another position than its entry.', zh: '证明所指的位置与条目不符。' },
  'wrong-order': { en: 'Entries are out of order, or stand twice.', zh: '条目次序错误或重复。' },
  'broken-chain': { en: 'An entry does not follow the one before it.', zh: '条目与前一条不相连。' },
  'time-goes-back': { en: 'An entry is older than one before it.', zh: '条目的时间早于之前的条目。' },
  'no-founding': {
    en: 'Entry 0, which names the log and its key, is missing.',
    zh: '缺少第 0 条；账本名称和密钥由它确定。',
  },
  'subject-missing': { en: 'What the bundle is about is not in it.', zh: '收据包中没有它所述的条目。' },
  'not-asked-for': { en: 'There is an entry that does not belong.', zh: '有不属于此收据包的条目。' },
  'pointer-missing': {
    en: 'A fact that the batch is made from is missing.',
    zh: '缺少该批次所依据的事实。',
  },
  'pointer-wrong': {
    en: 'The batch names a fact that says nothing of the thing.',
    zh: '该批次所指的事实与该物料无关。',
  },
  'checkpoints-differ': { en: 'Not all proofs are of one checkpoint.', zh: '各证明不属于同一个检查点。' },
  'wrong-checkpoint': { en: 'The checkpoint cannot be read.', zh: '无法读取检查点。' },
  'wrong-origin': { en: 'Parts are of different logs.', zh: '各部分属于不同的账本。' },
  'wrong-key': { en: 'A key is not written as keys are.', zh: '密钥的写法不符合格式。' },
  'key-not-in-log': { en: 'The log does not name the key that signed.', zh: '账本中没有签名所用的密钥。' },
  'wrong-key-fact': {
    en: 'A key of the log was not added or retired as it must be.',
    zh: '账本密钥的增加或停用不合规则。',
  },
  'key-not-vouched': {
    en: 'No older key signed a checkpoint over the entry that adds or retires a key.',
    zh: '增加或停用密钥的条目未列入由较早密钥签名的检查点。',
  },
  'not-signed': { en: 'A signature that the bundle names is missing.', zh: '缺少收据包所述的签名。' },
  'unknown-signature': { en: 'There is a signature by nobody the bundle names.', zh: '有不明来源的签名。' },
  'wrong-signature': { en: 'A signature does not fit.', zh: '签名不符。' },
  'wrong-opening': {
    en: 'A private part is not the one that was sealed.',
    zh: '所附的私密内容与封存时不同。',
  },
  'unknown-log': { en: 'It is signed by another log than the expected one.', zh: '签名者不是预期的账本。' },
  'too-few-witnesses': {
    en: 'Fewer known witnesses cosigned than are asked for.',
    zh: '已知见证者的联署不足。',
  },
} as const satisfies Record<string, { en: string; zh: string }>;

export type ReasonCode = keyof typeof BUNDLE_REASONS;
