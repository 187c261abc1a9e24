/**
 * A bank that takes batch files, pays line by line and tells of it the next day, and of what came back days later.
 * It reads and writes the files by itself, without our code.
 */
export type BankBadDay =
  /** One line stands twice with one result. */
  | 'duplicate-line'
  /** One line stands twice, paid and failed. */
  | 'contradiction'
  /** A line of another customer. */
  | 'stranger'
  /** One fen less than was sent. */
  | 'other-amount'
  /** The file breaks off before its last line. */
  | 'cut'
  /** The total of the last line is not the sum of the lines. */
  | 'wrong-total'
  /** The last line of the batch is forgotten; the total fits the rest. */
  | 'forgotten';

type Line = { reference: string; name: string; account: string; fen: number };

export class SimulatedBank {
  /** Whose an account is; of one that is not listed any name is right. */
  readonly owners = new Map<string, string>();
  readonly payments: { reference: string; account: string; fen: number }[] = [];
  private readonly seen = new Set<string>();

  /** Takes a batch file and works on it. Gives what it will tell the next day. */
  take(file: Uint8Array): { results: (bad?: BankBadDay) => Buffer } {
    const lines = readBatch(file);
    const told = lines.map((line) => [...this.work(line)] as const);
    return { results: (bad) => write(lines, told, bad) };
  }

  /** Money that came back: the accounts had been closed. */
  returns(references: readonly string[]): Buffer {
    const back = this.payments.filter(({ reference }) => references.includes(reference));
    for (const payment of back) this.payments.splice(this.payments.indexOf(payment), 1);
    const lines = back.map((payment) => ({ ...payment, name: '' }));
    return write(
      lines,
      lines.map(() => ['退票', '账户已销户'] as const),
    );
  }

  private work(line: Line): [string, string] {
    if (this.seen.has(line.reference)) return ['失败', '重复的业务参考号'];
    this.seen.add(line.reference);
    const owner = this.owners.get(line.account);
    if (owner !== undefined && owner !== line.name) return ['失败', `户名不符:${line.name}`];
    this.payments.push({ reference: line.reference, account: line.account, fen: line.fen });
    return ['成功', ''];
  }
}

const readBatch = (file: Uint8Array): Line[] => {
  const text = Buffer.from(file).toString('utf8');
  if (!text.startsWith('\ufeff')) throw new Error('the bank reads UTF-8 with a byte order mark only');
  const [, ...rows] = text.slice(1).trimEnd().split('\r\n');
  const [, count, , , total] = rows.pop()!.split(',');
  const lines = rows.map((row) => {
    const [, reference, name, account, yuan] = row.split(',') as [string, string, string, string, string];
    return { reference, name, account, fen: Math.round(Number(yuan) * 100) };
  });
  const sum = lines.reduce((all, { fen }) => all + fen, 0);
  if (Number(count) !== lines.length || Math.round(Number(total) * 100) !== sum)
    throw new Error('the bank refuses a file that does not add up');
  return lines;
};

type Result = readonly [result: string, reason: string];

const write = (lines: readonly Line[], told: readonly Result[], bad?: BankBadDay): Buffer => {
  const rows = lines.map(({ reference, fen }, i) => ({ reference, fen, told: told[i]! }));
  const [first] = rows as [(typeof rows)[0]];
  if (bad === 'duplicate-line') rows.push({ ...first });
  if (bad === 'contradiction') rows.push({ ...first, told: ['失败', '账户已冻结'] });
  if (bad === 'stranger') rows.push({ reference: 'someoneElse', fen: 500, told: ['成功', ''] });
  if (bad === 'other-amount') first.fen--;
  if (bad === 'forgotten') rows.pop();
  const sum = rows.reduce((all, { fen }) => all + fen, 0) + (bad === 'wrong-total' ? 1 : 0);
  const text = [
    '序号,业务参考号,金额,状态,原因',
    ...rows.map(({ reference, fen, told }, i) =>
      [i + 1, reference, (fen / 100).toFixed(2), ...told].join(','),
    ),
    ...(bad === 'cut' ? [] : [`合计,${rows.length},${(sum / 100).toFixed(2)},,`]),
  ];
  return Buffer.from(`\ufeff${text.join('\r\n')}\r\n`);
};
