/** What may be wrong with a whole log, by kind, for those who read it. */
export const FAULTS: Readonly<Record<string, { en: string; zh: string }>> = {
  'not-json': { en: 'A line is damaged.', zh: '有一行已损坏。' },
  'not-canonical': {
    en: 'The bytes of an entry are not in their one form.',
    zh: '条目的字节不是唯一规范形式。',
  },
  'too-long': { en: 'An entry is longer than entries may be.', zh: '条目超长。' },
  'wrong-members': { en: 'An entry has other members than entries have.', zh: '条目的成员不符合格式。' },
  'wrong-seq': { en: 'An entry stands in another’s place.', zh: '条目的位置不对。' },
  'wrong-origin': { en: 'An entry belongs to another log.', zh: '条目属于另一账本。' },
  'broken-chain': {
    en: 'An entry does not follow the one before it: one of them was changed, or one is missing.',
    zh: '条目与前一条不相连：其中之一被改动过，或有条目缺失。',
  },
  'time-goes-back': { en: 'An entry is older than the one before it.', zh: '条目的时间早于前一条。' },
  'wrong-head': {
    en: 'The end of the file says something else than its entries.',
    zh: '文件结尾与条目不符。',
  },
  'wrong-key': {
    en: 'A key of the log was not added or retired as it must be.',
    zh: '账本密钥的增加或停用不合规则。',
  },
  'wrong-signature': {
    en: 'The checkpoint is not signed by the log’s key.',
    zh: '检查点没有账本密钥的签名。',
  },
  'wrong-checkpoint': {
    en: 'These are not the entries that were signed for.',
    zh: '这些条目不是当时签名所覆盖的条目。',
  },
  'cut-off': { en: 'Entries that were there are missing at the end.', zh: '结尾缺少曾经存在的条目。' },
};
