import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { invoiceOperations } from '../../src/invoices/invoices.operations.ts';
import { reverseInvoices } from '../../src/invoices/invoices.tables.ts';
import { windowsOf } from '../../src/invoices/invoices.ts';
import { DomainError } from '../../src/kernel/errors.ts';
import { NIL } from '../../src/kernel/ids.ts';
import type { AnyDraft, AnyFact, Caller } from '../../src/ledger/fact.ts';
import { Missing, World } from '../../src/ledger/world.ts';
import { collectors } from '../../src/registry/registry.tables.ts';
import {
  consentKey,
  invoicingConsents,
  taxedSales,
  taxRules,
  taxSchedules,
} from '../../src/taxes/taxes.tables.ts';
import { monthAfter, taxOn } from '../../src/taxes/taxes.ts';
import { applyTax, withholdOf } from '../../src/taxes/withholding.ts';

/** 公告2024年第5号: half a percent, 1 % beyond 100,000 yuan a month, 5,000,000 yuan in twelve months. */
const LAW = { vatBasisPoints: 100, vatFreeUpTo: 10_000_000, incomeTaxBasisPoints: 50, limit: 500_000_000 };
const PROGRAMME = { operatorId: randomUUID(), timeZone: 'Asia/Shanghai', currency: 'CNY' };
const SELLER = randomUUID();
const ids = {
  accountId: (name: string): string => {
    const hex = createHmac('sha256', 'test').update(name).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  },
};
const caller: Caller = {
  ...{ keyId: randomUUID(), keySeq: 0, organisationId: PROGRAMME.operatorId },
  ...{ role: 'operator', siteIds: null, holder: '会计' },
};

/** A seller's years without HTTP: the world of the door, in which nothing is stored that was not put there. */
const books = () => {
  const world = new World();
  const operations = invoiceOperations(ids, PROGRAMME);
  const accountId = operations.accountOf(SELLER);
  const rule = { id: randomUUID(), version: 1, source: '公告2024年第5号', startsAt: 0, currency: 'CNY' };
  const issuers = [{ organisationId: PROGRAMME.operatorId, registration: '备 1' }];
  const kinds = ['purchase', 'price-supplement'] as const;
  const place = { seq: 0, lastSeq: 0 };
  world.put(taxRules, {
    ...rule,
    flat: [],
    reverseInvoicing: { ...LAW, issuers, kinds: [...kinds] },
    ...place,
  });
  world.put(taxSchedules, { id: NIL, starts: [{ ruleId: rule.id, startsAt: 0 }], lastSeq: 0 });
  world.put(collectors, {
    ...{
      id: SELLER,
      organisationId: null,
      siteId: null,
      consentVersion: null,
      state: 'active',
      retainUntil: null,
    },
    ...place,
  });
  world.put(invoicingConsents, {
    ...{ id: consentKey(accountId, PROGRAMME.operatorId), accountId, buyerId: PROGRAMME.operatorId },
    ...{ personId: SELLER, given: true, lastSeq: 0 },
  });
  world.keep();
  let seq = 0;
  const inWorld = <Result>(rule: () => Result): Result => {
    for (;;)
      try {
        const result = rule();
        world.keep();
        return result;
      } catch (error) {
        world.drop();
        if (!(error instanceof Missing)) throw error;
        for (const [table, keys] of error.wanted) world.load(table, keys, []);
      }
  };
  const record = (draft: AnyDraft, at: number): void => {
    const { type, data, people = [], private: more } = draft;
    type.apply(world, { seq: ++seq, at, type: type.type, actor: '', data, private: more, people } as AnyFact);
  };
  /** A sale of so many fen in a month. */
  const sell = (
    month: string,
    gross: number,
  ): { lotId: string; vat: number; incomeTax: number; gross: number } =>
    inWorld(() => {
      const lotId = randomUUID();
      const owing = { buyerId: PROGRAMME.operatorId, currency: 'CNY', now: Date.parse(`${month}-15`), month };
      const change = withholdOf(world, owing, accountId, [{ kind: 'purchase', amount: gross }])!;
      applyTax(world, ++seq, lotId, [change], true);
      return { lotId, ...change };
    });
  const context = (now: number) => ({
    ...{ caller, id: randomUUID(), now, seq, newId: () => randomUUID() },
    random: (bytes: number) => randomBytes(bytes),
  });
  /** An invoice of these sales of a month, dated on a day. */
  const invoice = (
    month: string,
    lots: readonly { lotId: string; gross: number }[],
    date = `${month}-28`,
  ) => {
    const number = String(++seq).padStart(20, '0');
    return inWorld(() => {
      const now = Date.parse(`${date}T12:00:00+08:00`);
      const amount = { amount: lots.reduce((sum, { gross }) => sum + gross, 0), currency: 'CNY' };
      const sales = lots.map(({ lotId }) => lotId);
      const input = { collectorId: SELLER, number, kind: 'ordinary' as const, date, month, amount, sales };
      record(operations.record.decide(world, input, context(now)), now);
      return world.get(reverseInvoices, number)!;
    });
  };
  const redden = (reddens: string, lots: readonly { lotId: string }[], date: string) => {
    const number = String(++seq).padStart(20, '0');
    return inWorld(() => {
      const now = Date.parse(`${date}T12:00:00+08:00`);
      const sales = lots.map(({ lotId }) => lotId);
      const input = { reddens, number, date, reason: '开票有误', whole: true, sales };
      record(operations.redden.decide(world, input, context(now)), now);
      return world.get(reverseInvoices, number)!;
    });
  };
  const sale = (lotId: string) => world.get(taxedSales, `${lotId} ${accountId}`)!;
  return { sell, invoice, redden, sale };
};

const refusal = (t: Test, run: () => unknown): DomainError => {
  try {
    run();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  t.fail('it was not refused');
  throw new Error('not refused');
};

t.test('a year of one seller ends at 5,000,000.00 yuan, to the fen', (t) => {
  const { sell, invoice, redden } = books();
  const first = '2026-12';
  // Eleven months of 400,000.00 yuan without VAT, in five bags each.
  let total = 0;
  const invoices: { number: string; lots: { lotId: string; gross: number }[] }[] = [];
  for (let i = 0; i < 11; i++) {
    const month = monthAfter(first, i);
    const lots = Array.from({ length: 5 }, () => sell(month, 8_080_000));
    const { vat, incomeTax } = taxOn(40_400_000, LAW);
    t.same([vat, incomeTax], [400_000, 200_000]);
    const made = invoice(month, lots);
    t.match(made, { gross: 40_400_000, vat, incomeTax, sales: 5 }, 'a month is exact');
    total += made.gross - made.vat;
    t.equal(made.total, total);
    invoices.push({ number: made.number, lots });
  }
  t.equal(total, 440_000_000);
  const last = monthAfter(first, 11);
  t.equal(last, '2027-11');
  // 600,000.00 yuan without VAT are left: 60,600,000 fen with it.
  const big = sell(last, 60_599_000);
  t.equal(invoice(last, [big]).total, 440_000_000 + 60_599_000 - big.vat);
  const rest = sell(last, 1_000);
  t.equal(invoice(last, [rest]).total, 500_000_000, 'the limit itself may be reached');
  const beyond = sell(last, 1);
  const told = refusal(t, () => invoice(last, [beyond]));
  t.match(told, {
    code: 'invoice_limit',
    kind: 'conflict',
    message: /registers a business/,
    state: { limit: 500_000_000, from: '2026-12', to: '2027-11', invoiced: 500_000_000, left: 0 },
  });

  // The month after, the first month no longer counts: one fen more than its 400,000.00 is too much again.
  const next = monthAfter(last, 1);
  const later = sell(next, 40_400_000);
  t.equal(invoice(next, [later]).total, 500_000_000);
  t.equal(refusal(t, () => invoice(last, [beyond], `${next}-20`)).code, 'invoice_limit', 'dated later');

  // Red letters make room in the months that hold their date.
  const red = redden(invoices[10]!.number, invoices[10]!.lots, `${next}-21`);
  t.match(red, { kind: 'red', gross: -40_400_000, vat: -400_000, incomeTax: -200_000, total: 460_000_000 });
  t.equal(invoice(last, [beyond], `${next}-22`).total, 460_000_001);
  const anew = sell(next, 1);
  t.equal(refusal(t, () => invoice(next, [anew, anew])).code, 'amount_differs', 'a bag named twice is one');
  t.end();
});

t.test('an invoice that is dated back counts in every twelve months it falls into', (t) => {
  const { sell, invoice } = books();
  const early = sell('2026-01', 30_300_000);
  const late = sell('2026-12', 475_000_000);
  t.ok(late.vat > 0);
  invoice('2026-12', [late]);
  const told = refusal(t, () => invoice('2026-01', [early], '2026-02-01'));
  t.match(told.state, { from: '2026-01', to: '2026-12' });
  t.equal(windowsOf('2026-02', () => 1).length, 12);
  t.match(windowsOf('2026-02', (m) => (m === '2027-01' ? 7 : 0)).at(-1), {
    from: '2026-02',
    to: '2027-01',
    sales: 7,
  });
  t.end();
});

t.test('the VAT of a month that passes 100,000 yuan is taken from the bag that passes it', (t) => {
  const { sell, invoice, sale } = books();
  const month = '2026-05';
  const under = Array.from({ length: 10 }, () => sell(month, 1_010_000));
  t.same(
    under.map(({ vat }) => vat),
    Array(10).fill(0),
  );
  t.equal(invoice(month, under).vat, 0);
  const passes = sell(month, 300_000);
  t.same(passes.vat, taxOn(10_400_000, LAW).vat, 'all that the month owes');
  t.equal(taxOn(10_400_000, LAW).vat, 102_970);
  const tiny = books();
  const most = tiny.sell(month, 10_100_000);
  t.equal(most.vat, 0);
  const small = tiny.sell(month, 40_000);
  t.same([small.vat, small.incomeTax], [40_000, 0], 'never more than the bag itself');
  const more = tiny.sell(month, 500_000);
  t.equal(most.vat + small.vat + more.vat, taxOn(10_640_000, LAW).vat, 'the rest comes from the next');
  t.equal(sale(passes.lotId).invoice, null);
  t.end();
});
