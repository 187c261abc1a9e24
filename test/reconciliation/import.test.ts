import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { runImport } from '../../src/cli/import.ts';
import { banked, submittedRun } from '../support/paper.ts';
import { ok, openedPayouts } from '../support/payouts.ts';

t.test('a bank’s CSV over HTTP: exact fen, each line with its outcome, and twice is once', async (t) => {
  const world = await openedPayouts(t, 1, banked);
  const { app, payer } = world;
  await app.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.app.server.address() as { port: number };
  const runId = await submittedRun(world, 'bank', [10_001]);
  const list = ok(await payer.post('/v1/payout-lists', { rail: 'bank', runId }));
  const dir = t.testdir({});
  const at = (name: string) => path.join(dir, name);
  const head = '交易日期,流水号,借方,贷方,摘要';
  const rows = [
    '2026/11/24,T1,"",123.45,拨款',
    '2026/11/24,T2,0.07,,手续费',
    `2026/11/25,T3,100.01,,"代发 ${list.number} 工资"`,
    '2026/11/25,T4,1.005,,半分',
    '2026/13/25,T5,1.00,,坏日期',
    '2026/11/25,T6,"1,000.00",,千分位',
  ];
  const map = {
    ...{ source: 'bank', rail: 'bank' },
    columns: {
      ...{ serial: { column: '流水号' }, out: { column: '借方' }, in: { column: '贷方' } },
      day: { column: '交易日期', formats: ['YYYY/MM/DD'] },
      reference: { column: '摘要', pattern: '(DF\\d{8}-[0-9a-f]{10})' },
    },
  };
  await writeFile(at('map.json'), JSON.stringify(map));
  const bring = async (name: string, lines: readonly string[], mapFile = 'map.json', top = head) => {
    await writeFile(at(name), [top, ...lines].join('\r\n'));
    const [out, err] = [new PassThrough(), new PassThrough()];
    const options = { of: 'statement' as const, file: at(name), map: at(mapFile), json: true };
    const to = { url: `http://127.0.0.1:${port}`, apiKey: payer.secret };
    const io = {
      stdout: out,
      stderr: err,
      isTTY: false,
      fetch,
      sleep: async () => undefined,
      random: () => 0,
    };
    const summary = await runImport({ ...options, ...to }, io);
    const said = `${out.read() ?? ''}${err.read() ?? ''}`;
    return { ...summary, said };
  };
  const first = await bring('a.csv', rows);
  t.match(first, { accepted: 3, replayed: 0, refused: 3, exitCode: 1 }, first.said);
  for (const part of ['"line":5', '1.005', '"line":6', '2026/13/25', '"line":7', '1,000.00'])
    t.ok(first.said.includes(part), part);
  const lines = async () =>
    Object.fromEntries(
      ok(await payer.get('/v1/statement-lines'), 200).items.map((one: { serial: string }) => [
        one.serial,
        one,
      ]),
    );
  t.match(await lines(), {
    T1: { amount: 12_345, day: '2026-11-24', kind: 'other', outcome: 'no-reference' },
    T2: { amount: -7, outcome: 'no-reference' },
    T3: { amount: -10_001, kind: 'paid', reference: list.number, outcome: 'matched', listId: list.id },
  });
  const second = await bring('b.csv', [rows[2]!, '2026/11/26,T7,,1.00,利息', rows[0]!]);
  t.match(second, { accepted: 1, replayed: 2, refused: 0, exitCode: 0 }, 'another file that overlaps');
  const changed = await bring('c.csv', ['2026/11/24,T1,"",123.46,拨款']);
  t.match(changed, { accepted: 0, refused: 1 }, 'a line whose content changed is not taken for the same');
  t.equal(Object.keys(await lines()).length, 4);

  await writeFile(at('wrong.json'), JSON.stringify({ ...map, columns: { ...map.columns, in: undefined } }));
  t.match(await bring('d.csv', rows, 'wrong.json'), {
    exitCode: 2,
    said: /either amount, or both out and in/,
  });
  const elsewhere = { ...map, columns: { ...map.columns, serial: { column: '编号' } } };
  await writeFile(at('elsewhere.json'), JSON.stringify(elsewhere));
  t.match(await bring('e.csv', rows, 'elsewhere.json'), { exitCode: 2, said: /no column "编号"/ });

  const { serial: _, ...without } = map.columns;
  await writeFile(at('plain.json'), JSON.stringify({ ...map, columns: without }));
  const same = '2026/11/27,,5.00,,两笔一样的';
  t.match(
    await bring('f.csv', [same, same], 'plain.json'),
    { accepted: 2, exitCode: 0 },
    'two equal lines are two',
  );
  t.match(await bring('g.csv', [same, same], 'plain.json'), { accepted: 0, replayed: 2 }, 'and are so again');

  const flow = {
    ...{ source: 'rail', rail: 'wechat' },
    columns: {
      ...{
        serial: { column: '单号' },
        amount: { column: '金额' },
        direction: { column: '收支', out: '支出' },
      },
      day: { column: '时间', formats: ['YYYY-MM-DD HH:mm:ss'] },
      kind: { column: '业务', values: { 转账: 'paid', 退回: 'returned' } },
    },
  };
  await writeFile(at('flow.json'), JSON.stringify(flow));
  const told = await bring(
    'h.csv',
    ['`2026-11-27 00:00:01,`W1,`3.21,`支出,`转账', '`2026-11-27 23:59:59,`W2,`0.10,`收入,`充值'],
    'flow.json',
    '时间,单号,金额,收支,业务',
  );
  t.match(told, { accepted: 2, exitCode: 0 }, told.said);
  t.match(await lines(), {
    W1: { rail: 'wechat', amount: -321, kind: 'paid', day: '2026-11-27' },
    W2: { amount: 10, kind: 'other', day: '2026-11-27' },
  });
});
