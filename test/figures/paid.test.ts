import t from 'tap';
import { fen } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { ok, sharingOf } from '../support/sharing.ts';

t.test(
  'paid per person and month, persons paid, paid per batch: as of any entry, never of four',
  async (t) => {
    const app = await startTestApp(t);
    const s = await sharingOf(app);
    const figure = async (name: string, asOfSeq?: number) => {
      const answer = await app.app.inject(
        `/v1/figures/${name}${asOfSeq === undefined ? '' : `?asOfSeq=${asOfSeq}`}`,
      );
      if (answer.statusCode !== 200) throw new Error(answer.body);
      return answer.json();
    };
    const names = (await app.app.inject('/v1/figures')).json().items;
    for (const name of ['paid-per-person-month', 'persons-paid', 'paid-per-batch'])
      t.match(
        names.filter((f: { name: string }) => f.name === name),
        [{ version: 1, scope: { en: /programme/ }, definition: { zh: /五人/ } }],
        name,
      );
    const people = await s.people(6);
    const price = { price: { amount: 1, currency: 'CNY', perGrams: 1 } };
    const bags: { lotId: string; seq: number }[] = [];
    for (const [i, collectorId] of people.entries()) {
      const settlement = { kind: i % 2 === 0 ? 'goods' : 'cash', paid: fen(1_000 * (i + 1)) };
      bags.push(await s.weighIn(10_000, { collectorId, quote: price, settlement }));
    }
    // Somebody nobody knows is no person of these figures; what was earned and not paid is not paid.
    await s.weighIn(10_000, { bagTag: 'A', quote: price, settlement: { kind: 'cash', paid: fen(9_999) } });
    await s.weighIn(10_000, { collectorId: people[0], quote: price });
    t.same((await figure('persons-paid')).items, [{ of: 'CNY', values: { people: 6 } }]);
    t.same((await figure('persons-paid', bags[4]!.seq)).items, [{ of: 'CNY', values: { people: 5 } }]);
    t.same((await figure('persons-paid', bags[3]!.seq)).items, [], 'four people are not shown');
    t.same((await figure('paid-per-person-month')).items, [], 'nor a month that is not over');

    // The same as if they had been paid in months before.
    const owner = await app.superuser();
    const payments = `${app.deps.config.databaseSchema}.payments`;
    const later = (days: number) =>
      owner.query(`UPDATE ${payments} SET at = at + $1::int8 * 86400000`, [days]);
    const month = (days: number) =>
      new Date(Date.now() + 8 * 3_600_000 - days * 86_400_000).toISOString().slice(0, 7);
    await later(-40);
    t.same((await figure('paid-per-person-month')).items, [
      {
        of: `${month(40)} CNY`,
        values: { people: 6, lowerQuartile: 2_000, median: 3_000, upperQuartile: 5_000 },
      },
    ]);
    t.same(
      (await figure('paid-per-person-month', bags[4]!.seq)).items[0].values,
      { people: 5, lowerQuartile: 2_000, median: 3_000, upperQuartile: 4_000 },
      'as of the fifth',
    );
    t.same((await figure('paid-per-person-month', bags[3]!.seq)).items, []);
    await later(40);

    const batch = await s.seal(bags.map(({ lotId }) => ({ lotId })));
    const before = await figure('paid-per-batch');
    t.same([before.items, before.counts], [[], { batches: 0 }]);
    ok(await app.operator.post(`/v1/batches/${batch.id}/payment-proofs`, {}));
    t.match(await figure('paid-per-batch'), {
      items: [{ of: `${batch.code} CNY`, values: { paid: 21_000, people: 6 } }],
      basisPoints: null,
    });
    t.same((await figure('paid-per-batch', before.asOfSeq)).items, [], 'as of before');
  },
);
