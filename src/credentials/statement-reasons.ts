/** Why the bundle of a statement may be rejected, beside the reasons that any bundle may be. Codes stay as they are. */
export const STATEMENT_REASONS = {
  'not-a-statement': { en: 'This is not the bundle of a statement.', zh: '这不是声明的收据包。' },
  'facts-differ': { en: 'The facts do not make up one statement.', zh: '其中的事实不构成一份声明。' },
  'credential-form': { en: 'The credential is not written as one.', zh: '凭证的写法不符合格式。' },
  'credential-unknown-key': {
    en: 'The credential is signed with a key that the log does not name.',
    zh: '凭证的签名密钥不在账本中。',
  },
  'credential-old-key': {
    en: 'The credential is signed with a key that the log had retired.',
    zh: '凭证的签名密钥已被账本停用。',
  },
  'credential-signature': { en: 'The credential’s signature does not fit.', zh: '凭证签名不符。' },
  'credential-issuer': {
    en: 'The credential is issued under another name than the log’s.',
    zh: '凭证的签发者不是该账本。',
  },
  'credential-differs': {
    en: 'The credential says something else than the facts in the log.',
    zh: '凭证内容与账本中的事实不符。',
  },
  'list-form': { en: 'A status list is not written as one.', zh: '状态列表的写法不符合格式。' },
  'list-unknown-key': {
    en: 'A status list is signed with a key that the log does not name, or retired.',
    zh: '状态列表的签名密钥不在账本中或已停用。',
  },
  'list-signature': { en: 'The signature of a status list does not fit.', zh: '状态列表签名不符。' },
  'list-of-another': {
    en: 'A status list is not the one that the credential names.',
    zh: '状态列表不是凭证所指的那一份。',
  },
  'status-differs': { en: 'Status list and log say different things.', zh: '状态列表与账本不一致。' },
  'statement-revoked': { en: 'The statement was revoked or withdrawn.', zh: '声明已被撤销或撤回。' },
  'statement-suspended': { en: 'The statement is suspended.', zh: '声明已暂停。' },
  'statement-superseded': { en: 'Another statement took its place.', zh: '声明已被另一份取代。' },
  'statement-expired': { en: 'The statement has expired.', zh: '声明已过期。' },
  'statement-not-yet-valid': { en: 'The statement is not valid yet.', zh: '声明尚未生效。' },
  'unexpected-origin': {
    en: 'It is of another log than the expected one.',
    zh: '它来自另一个账本，而非预期的账本。',
  },
  'unexpected-code': { en: 'It is the statement of another code.', zh: '它是另一个编码的声明。' },
} as const satisfies Record<string, { en: string; zh: string }>;

export type StatementReasonCode = keyof typeof STATEMENT_REASONS;
