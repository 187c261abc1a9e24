import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { CNY, ok, taxed } from '../taxes/harness.ts';

const number = (n: number): string => String(n).padStart(20, '0');

t.test('from consent to the file for the tax office, to the fen', async (t) => {
  const app = await startTestApp(t);
  const { rule, consent, weighIn, owed, trial, balances, collectors, client } = await taxed(app);
  const [seller] = collectors as [string];
  // Three hundred yuan a year, so that the fourth bag goes beyond it.
  await rule({ reverse: { limit: 30_000 } });
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: app.deps.programme.timeZone }).format();
  const month = day.slice(0, 7);
  const invoice = (n: number, lotIds: string[] | undefined, amount: number) =>
    app.operator.post('/v1/reverse-invoices', {
      ...{ collectorId: seller, number: number(n), date: day, kind: 'ordinary', month },
      ...{ amount: CNY(amount), ...(lotIds === undefined ? {} : { lotIds }) },
    });
  await consent(seller);
  const bags: { id: string; lot: string }[] = [];
  for (let i = 0; i < 4; i++) {
    const { id, lot } = ok(await weighIn({ collectorId: seller }));
    bags.push({ id, lot: lot.id });
  }
  const [a, b, c, d] = bags as [(typeof bags)[0], (typeof bags)[0], (typeof bags)[0], (typeof bags)[0]];
  const due = async () => ok(await app.operator.get('/v1/reverse-invoices/due'), 200).items;
  t.match(await due(), [{ sales: 4, gross: 40_000, vat: 0, incomeTax: 200, consent: true }]);

  t.match(await invoice(1, [a.lot, b.lot], 19_999), {
    ...{ status: 409, body: { code: 'amount_differs', state: { gross: 20_000, sales: 2 } } },
  });
  await consent(seller, false);
  t.match(await invoice(1, [a.lot, b.lot], 20_000), { status: 409, body: { code: 'no_consent' } });
  await consent(seller);
  t.match(ok(await invoice(1, [a.lot, b.lot], 20_000)), {
    ...{ sales: 2, gross: 20_000, vat: 0, incomeTax: 100, total: 20_000 },
  });
  t.match(await invoice(1, [c.lot], 10_000), { status: 409, body: { code: 'number_taken' } });
  t.match(await invoice(2, [a.lot], 10_000), { status: 409, body: { code: 'nothing_to_invoice' } });
  t.equal((await client.get('/v1/reverse-invoices')).status, 403, 'a station keeps no invoices');

  // Two at once, and only one fits into the year.
  const both = await Promise.all([invoice(2, [c.lot], 10_000), invoice(3, [d.lot], 10_000)]);
  t.same(both.map(({ status }) => status).sort(), [201, 409]);
  t.match(both.find(({ status }) => status === 409)!.body, {
    ...{ code: 'invoice_limit', state: { limit: 30_000, invoiced: 20_000 + 10_000, left: 0 } },
  });
  const second = ok(both.find(({ status }) => status === 201)!);
  t.equal(second.total, 30_000);

  // The first bag weighed less: a red letter takes back just that, and its tax went back before.
  const redden = (of: number, n: number, more: object = {}) =>
    app.operator.post(`/v1/reverse-invoices/${number(of)}/red-letters`, {
      ...{ number: number(n), date: day, reason: '称重更正', ...more },
    });
  t.equal((await redden(1, 9)).status, 409, 'there is nothing to take back yet');
  ok(await client.post(`/v1/collections/${a.id}/correction`, { grossGrams: 4_000, reason: '复核' }));
  t.equal((await owed(seller)).owed, 4_000 + 30_000 - 170);
  t.match(ok(await redden(1, 9)), { sales: 1, gross: -6_000, vat: 0, incomeTax: -30, total: 24_000 });
  t.equal((await redden(1, 10)).status, 409, 'once');

  // What is left of the year is less than the last bag: its tax goes back, and it stands on no invoice.
  t.match(await invoice(4, undefined, 10_000), {
    ...{ status: 409, body: { code: 'invoice_limit', state: { left: 6_000 } } },
  });
  const release = { collectorId: seller, month, reason: '超过年度限额' };
  t.match(ok(await app.operator.post('/v1/reverse-invoices/releases', release)), {
    ...{ sales: 1, vat: 0, incomeTax: 50 },
  });
  t.equal((await app.operator.post('/v1/reverse-invoices/releases', release)).status, 409, 'once');
  t.equal((await owed(seller)).owed, 34_000 - 120);
  t.match(await balances(), { payable: -33_880, 'tax-withheld': -120, purchases: 34_000 });
  t.same(await due(), []);
  t.match(await trial(), [{ difference: 0 }]);

  const file = await app.app.inject({
    url: `/v1/reverse-invoices/months/${month}/export`,
    headers: { authorization: `Bearer ${app.operator.secret}` },
  });
  const who = `台商再生备 2024-017,渔民 0,居民身份证,\t331002197001010000`;
  const blue = second.number;
  t.equal(
    file.body,
    [
      '\ufeff序号,购买方税号或备案号,出售者姓名,证件类型,证件号码,发票号码,发票种类,对应蓝字发票号码,开票日期,销售所属月份,称重及返利笔数,价税合计,不含税销售额,增值税额,预缴个人所得税,连续12个月累计销售额',
      `1,${who},\t${number(1)},普通发票,,${day},${month},2,200.00,200.00,0.00,1.00,200.00`,
      `2,${who},\t${blue},普通发票,,${day},${month},1,100.00,100.00,0.00,0.50,300.00`,
      `3,${who},\t${number(9)},红字发票,\t${number(1)},${day},${month},1,-60.00,-60.00,0.00,-0.30,240.00`,
      '',
    ].join('\r\n'),
  );
  t.match(ok(await app.operator.get(`/v1/reverse-invoices/months/${month}`), 200), {
    items: [{ sellers: 1, invoices: 2, redInvoices: 1, gross: 24_000, vat: 0, incomeTax: 120 }],
    notInvoiced: { sales: 0, gross: 0 },
    short: { sellers: 0 },
  });
});
