import t from 'tap';
import { claimsOf } from '../claims/harness.ts';
import { AT } from '../resale/sealed.ts';

t.test(
  'S9: after the return the claim is of what is left, and ends in 400,000 products and not one more',
  async (t) => {
    const {
      sold,
      stated,
      claim,
      reserve,
      on,
      becomes,
      read,
      product,
      book,
      brand,
      seller,
      post,
      anyone,
      app,
    } = await claimsOf(t);
    const { batch, sale } = await sold([{ grams: 7_200_000 }]);
    const { id, code } = await stated({ batchId: batch.id });
    const whole = await claim({ statementIds: [id] });
    const ten = await Promise.all(
      Array.from({ length: 10 }, () => reserve({ statementIds: [id], grams: 1_000_000 })),
    );
    for (const { body } of ten) t.match(body, { code: 'grams_claimed', state: { remainingGrams: 0 } });
    await post(batch.id, 'deliveries', { grams: 7_200_000, deliveredAt: AT });
    await post(batch.id, 'returns', {
      ...{ grams: 1_200_000, measuredGrams: 1_188_000, siteId: seller.siteId },
      ...{ returnedAt: AT, reason: 'too moist' },
    });
    for (let i = 0; i < 600 && (await read(whole.id)).statementIds[0] === id; i++)
      await new Promise((resolve) => setTimeout(resolve, 25));
    t.match(await read(whole.id), { state: 'issued', grams: 6_000_000 });
    t.match(await book(sale.id), { tradable: 6_000_000, cancelled: 1_200_000, issued: 7_200_000 });
    const { size } = await app.verify();
    await app.deps.publisher.covering(size, 10_000);
    const { body: old } = await anyone.get(`/v1/verify/${code}`);
    t.match(old, { verdict: 'superseded' });
    t.match((await anyone.get(`/v1/verify/${old.statement.replacedBy}`)).body, {
      verdict: 'valid',
      claim: { remainingGrams: 6_000_000, claims: { tradableGrams: 6_000_000, recalledGrams: 0 } },
    });

    const of = { unitMassGrams: 30, contentGrams: 15 };
    t.match((await product(batch.id, sale.id, { ...of, units: 400_001 })).body, { code: 'content_exceeds' });
    const made = (await product(batch.id, sale.id, { ...of, units: 300_000 })).body;
    const retired = (await on(whole.id, 'retire', { productId: made.id })).body;
    t.match(retired, { state: 'retired', grams: 4_500_000 });
    t.match(await read(retired.part), { retirement: { basisPoints: 5_000, units: 300_000 } });
    await on(whole.id, 'cancel', { grams: 15, reason: 'one too many' });
    const rest = (await product(batch.id, sale.id, { ...of, units: 100_000 })).body;
    t.match((await on(whole.id, 'retire', { productId: rest.id })).body, {
      code: 'content_exceeds',
      state: { grams: 1_499_985, gramsPerUnit: 15, unitsThatFit: 99_999 },
    });
    t.match(await book(sale.id), { tradable: 1_499_985, retired: 4_500_000, cancelled: 1_200_015 });
    await brand.post(`/v1/products/${made.id}/void`, { reason: 'never made' });
    t.match(await becomes(retired.part, 'recalled'), { cause: 'product-voided', productId: made.id });
  },
);
