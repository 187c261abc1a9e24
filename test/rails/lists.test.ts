import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { DomainError } from '../../src/kernel/errors.ts';
import { bankFile, bankNews } from '../../src/rails/bank.ts';
import { CASH_POLICY, cashPage } from '../../src/rails/cash.page.ts';
import { type CashEntry, type CashList, cashNews, checkCashList } from '../../src/rails/cash.ts';
import { fenOf, type Reconciled, yuanText } from '../../src/rails/lists.ts';
import { type Attempt, nextStep, type Outcome } from '../../src/rails/rail.ts';
import { type BankBadDay, SimulatedBank } from '../../src/rails/simulators/bank.ts';

const line = (n: number, change: Partial<Attempt> = {}): Attempt => ({
  reference: `ref${n}`,
  amount: 1_000 * n + 5,
  payee: { account: `62220212345678900${n}`, name: `渔民${n}` },
  purpose: '塑料回收款',
  ...change,
});
const BATCH = [line(1), line(2), line(3)];
const refused = (work: () => unknown): DomainError => {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it was taken');
};
const codes = (done: Reconciled): string[] => done.queue.map(({ line, code }) => `${line} ${code}`);
const kinds = (done: Reconciled): string[] =>
  done.news.map(({ reference, outcome }) => `${reference} ${outcome.kind}`);
const learned = (known: ReadonlyMap<string, Outcome>, done: Reconciled): Map<string, Outcome> =>
  new Map([...known, ...done.news.map(({ reference, outcome }) => [reference, outcome] as const)]);
const NOTHING: ReadonlyMap<string, Outcome> = new Map();

t.test('the file for the bank: its bytes, its hash, its total', async (t) => {
  const file = bankFile(BATCH);
  t.equal(
    file.bytes.toString('utf8'),
    [
      '\ufeff序号,业务参考号,收款人户名,收款账号,金额,用途',
      '1,ref1,渔民1,622202123456789001,10.05,塑料回收款',
      '2,ref2,渔民2,622202123456789002,20.05,塑料回收款',
      '3,ref3,渔民3,622202123456789003,30.05,塑料回收款',
      '合计,3,,,60.15,',
      '',
    ].join('\r\n'),
  );
  t.equal(file.sha256, createHash('sha256').update(file.bytes).digest('hex'));
  t.match(file, { lines: 3, total: 6_015 });
  t.ok(bankFile(BATCH).bytes.equals(file.bytes), 'the same orders, the same bytes');
  t.not(bankFile([line(1), line(3), line(2)]).sha256, file.sha256);
  const quoted = bankFile([line(1, { purpose: '瓶,"渔网"' })]).bytes.toString('utf8');
  t.match(quoted, ',"瓶,""渔网"""\r\n');
});

t.test('what the bank would stumble over is refused, with the line', async (t) => {
  const cases: [Partial<Attempt>, string, string][] = [
    [{ payee: { account: '6222021234567890', name: '=HYPERLINK("x")' } }, 'cell_form', '/lines/1/payee/name'],
    [{ purpose: '@SUM(A1)' }, 'cell_form', '/lines/1/purpose'],
    [{ purpose: 'a\r\n9,x' }, 'cell_form', '/lines/1/purpose'],
    [{ payee: { account: '6222 0212 3456', name: '王' } }, 'account_form', '/lines/1/payee/account'],
    [{ payee: { account: '6222021234567890' } }, 'payee_name_needed', '/lines/1/payee/name'],
    [{ amount: 0 }, 'amount_below_minimum', '/lines/1/amount'],
    [{ amount: 1.5 }, 'amount_not_fen', '/lines/1/amount'],
    [{ reference: 'ref1' }, 'reference_twice', '/lines/1/reference'],
  ];
  for (const [change, code, pointer] of cases)
    t.match(
      refused(() => bankFile([line(1), line(2, change)])),
      {
        kind: 'unprocessable',
        code,
        errors: [{ pointer }],
      },
    );
  t.equal(refused(() => bankFile([])).code, 'list_empty');
});

t.test('yuan and fen are each other, and nothing else is yuan', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 15 - 1 }), (fen) => fenOf(yuanText(fen)) === fen),
    { numRuns: 500 },
  );
  t.equal(fenOf('82.3'), 8_230);
  for (const wrong of ['', '1,000.00', '-1', '1.005', '1e3', '¥5', 'NaN', '٣'])
    t.equal(fenOf(wrong), undefined, `"${wrong}"`);
});

t.test('the next day: paid and failed; days later: returned, and owed again', async (t) => {
  const bank = new SimulatedBank();
  bank.owners.set('622202123456789002', '别人');
  const results = bank.take(bankFile(BATCH).bytes).results();
  const first = bankNews(results, BATCH, NOTHING);
  t.strictSame(kinds(first), ['ref1 paid', 'ref2 failed', 'ref3 paid']);
  t.match(first, { queue: [], missing: [], repeated: 0, lines: 3 });
  t.match(first.news[1]!.outcome, { kind: 'failed', code: 'name_not_correct' });
  t.notMatch(JSON.stringify(first), /渔民|别人|6222/, 'a reason with a name becomes a code');
  const known = learned(NOTHING, first);
  t.match(bankNews(results, BATCH, known), { news: [], repeated: 3, queue: [] }, 'read twice is read once');

  const back = bank.returns(['ref3']);
  t.match(codes(bankNews(back, BATCH, NOTHING)), ['2 returned_before_paid']);
  const later = bankNews(back, BATCH, known);
  t.strictSame(kinds(later), ['ref3 returned']);
  t.match(later.news[0]!.outcome, { code: 'account_not_exist', amount: 3_005 });
  const steps = [first.news[2]!, later.news[0]!].map(({ outcome }) => ({
    did: 'query' as const,
    at: 1,
    outcome,
  }));
  const sending = { did: 'submit' as const, at: 0 };
  const window = { queryWindow: Number.POSITIVE_INFINITY };
  t.equal(nextStep([sending, steps[0]!], window, 2), 'done');
  t.equal(nextStep([sending, ...steps], window, 2), 'free');
  const now = learned(known, later);
  t.match(bankNews(back, BATCH, now), { news: [], repeated: 1, queue: [] });
  t.strictSame(
    codes(bankNews(results, BATCH, now)),
    ['4 contradicts_earlier'],
    'the old file cannot undo it',
  );
  t.equal(
    bank.payments.reduce((sum, { fen }) => sum + fen, 0),
    1_005,
  );
});

const EXPECTED: Record<BankBadDay, { queue: string[]; news: string[]; missing: string[] }> = {
  'duplicate-line': {
    queue: ['5 duplicate_line'],
    news: ['ref1 paid', 'ref2 paid', 'ref3 paid'],
    missing: [],
  },
  contradiction: {
    queue: ['2 contradicting_lines', '5 contradicting_lines'],
    news: ['ref2 paid', 'ref3 paid'],
    missing: [],
  },
  stranger: { queue: ['5 unknown_reference'], news: ['ref1 paid', 'ref2 paid', 'ref3 paid'], missing: [] },
  'other-amount': { queue: ['2 amount_differs'], news: ['ref2 paid', 'ref3 paid'], missing: [] },
  cut: { queue: ['4 total_differs'], news: [], missing: ['ref1', 'ref2', 'ref3'] },
  'wrong-total': { queue: ['5 total_differs'], news: [], missing: ['ref1', 'ref2', 'ref3'] },
  forgotten: { queue: [], news: ['ref1 paid', 'ref2 paid'], missing: ['ref3'] },
};

for (const [bad, expected] of Object.entries(EXPECTED) as [BankBadDay, (typeof EXPECTED)[BankBadDay]][])
  t.test(`a bad day at the bank: ${bad}`, async (t) => {
    const results = new SimulatedBank().take(bankFile(BATCH).bytes).results(bad);
    const done = bankNews(results, BATCH, NOTHING);
    t.strictSame({ queue: codes(done), news: kinds(done), missing: done.missing }, expected);
    for (const { reason } of done.queue) t.ok(reason.length > 30, 'the queue says what to do');
  });

t.test('lines and files that are not what they should be', async (t) => {
  const file = (rows: string[]): Buffer => Buffer.from(`${rows.join('\n')}\n`);
  const head = '业务参考号,金额,状态,原因,x';
  const done = bankNews(
    file([
      'x,业务参考号,金额,状态,原因',
      '1,ref1,ten,成功,',
      '2,ref2,20.05,也许,',
      '3,ref3,30.05,成功,',
      '合计,3,50.10,,',
    ]),
    BATCH,
    NOTHING,
  );
  t.strictSame(codes(done), ['2 unreadable_line', '3 unreadable_line']);
  t.strictSame(kinds(done), ['ref3 paid']);
  t.equal(refused(() => bankNews(file(['a,b', '1,2']), BATCH, NOTHING)).code, 'column_missing');
  t.equal(refused(() => bankNews(Buffer.alloc(0), BATCH, NOTHING)).code, 'column_missing');
  t.equal(refused(() => bankNews(file([head, '"1,2']), BATCH, NOTHING)).code, 'not_csv');
  const gbk = Buffer.from([0xd2, 0xb5, 0xce, 0xf1, 0x0a]);
  t.equal(refused(() => bankNews(gbk, BATCH, NOTHING)).code, 'not_utf8');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const junk = Buffer.concat([Buffer.from(`${head}\n`), bytes]);
      try {
        return bankNews(junk, BATCH, NOTHING).news.length === 0;
      } catch (error) {
        return error instanceof DomainError;
      }
    }),
    { numRuns: 200 },
  );
});

const LIST: CashList = { number: 'QD-0012', site: '石塘码头', day: '2026-11-24', lines: BATCH };
const MADE = Date.parse('2026-11-24T02:00:00Z');
const NOW = MADE + 36_000_000;
const entry = (n: number, change: Partial<CashEntry> = {}): CashEntry => ({
  reference: `ref${n}`,
  amount: 1_000 * n + 5,
  signed: 'signature',
  signedBy: `person${n}`,
  owedTo: `person${n}`,
  paidBy: 'keeper',
  signedAt: MADE + 3_600_000,
  ...change,
});

t.test('the cash list prints in both languages, loads nothing, and shows text as text', async (t) => {
  const page = cashPage({
    ...LIST,
    site: '<script>alert(1)</script>',
    lines: [line(1, { payee: { account: '"card"', name: `O'Neil & 王` } }), line(2)],
  });
  t.match(page, '现金发放签收单');
  t.match(page, 'Cash list for signature');
  t.match(page, '合计 <strong>30.10</strong> 元');
  t.match(page, '&#60;script&#62;');
  t.notMatch(page, /<script|"card"|O'Neil|https?:|url\(/);
  t.equal((page.match(/<td class="sign"><\/td>/g) ?? []).length, 2);
  t.match(page, /@page\{size:A4/);
  const style = /<style>([\s\S]+)<\/style>/.exec(page)![1]!;
  t.match(CASH_POLICY, createHash('sha256').update(style).digest('base64'), 'the policy names this style');
  t.equal(checkCashList(LIST), 6_015);
  t.equal(refused(() => cashPage({ ...LIST, lines: [] })).code, 'list_empty');
});

t.test('what was signed, by whom and when', async (t) => {
  const entries = [
    entry(1),
    entry(2, { signed: 'representative', signedBy: 'daughter2' }),
    entry(3, { signed: 'nobody' }),
  ];
  const done = cashNews(entries, LIST, NOTHING, MADE, NOW);
  t.strictSame(kinds(done), ['ref1 paid', 'ref2 paid', 'ref3 closed']);
  t.match(done.news[0]!.outcome, { at: '2026-11-24T03:00:00.000Z', amount: 1_005 });
  t.match(done.news[2]!.outcome, { code: 'not_collected' });
  t.match(cashNews(entries, LIST, learned(NOTHING, done), MADE, NOW), { news: [], repeated: 3, queue: [] });
  t.strictSame(cashNews([entry(1)], LIST, NOTHING, MADE, NOW).missing, ['ref2', 'ref3']);
});

t.test('a line that cannot be believed waits, and pays nobody', async (t) => {
  const cases: [Partial<CashEntry>, string][] = [
    [{ signedAt: MADE - 1 }, 'signed_before_list'],
    [{ signedAt: NOW + 1 }, 'signed_in_future'],
    [{ signedBy: 'keeper' }, 'signer_is_not_payee'],
    [{ signed: 'representative', signedBy: 'keeper' }, 'payer_signed'],
    [{ paidBy: 'person1' }, 'payer_signed'],
    [{ signed: 'representative' }, 'representative_is_payee'],
    [{ signedBy: 'person2' }, 'signer_is_not_payee'],
    [{ amount: 1_004 }, 'amount_differs'],
    [{ reference: 'ref9' }, 'unknown_reference'],
  ];
  for (const [change, code] of cases) {
    const done = cashNews([entry(1, change), entry(2)], LIST, NOTHING, MADE, NOW);
    t.strictSame(codes(done), [`1 ${code}`]);
    t.strictSame(kinds(done), ['ref2 paid'], 'the next line is not held up');
  }
  const { signedBy: _nobody, ...unsigned } = entry(1);
  t.strictSame(codes(cashNews([unsigned], LIST, NOTHING, MADE, NOW)), ['1 signer_missing']);
  const both = cashNews([entry(1), entry(1, { signed: 'nobody' })], LIST, NOTHING, MADE, NOW);
  t.match(both, { news: [], queue: [{ code: 'contradicting_lines' }, { code: 'contradicting_lines' }] });
  const paid = learned(NOTHING, cashNews([entry(1)], LIST, NOTHING, MADE, NOW));
  const undone = cashNews([entry(1, { signed: 'nobody' })], LIST, paid, MADE, NOW);
  t.strictSame(codes(undone), ['1 contradicts_earlier']);
  t.equal(refused(() => cashNews([], LIST, NOTHING, NOW + 1, NOW)).code, 'list_not_made_yet');
});
