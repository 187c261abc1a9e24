import t from 'tap';
import { AT, fen } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';
import { ok, settled, sharingOf } from '../support/sharing.ts';

const rule = (shares: Record<string, number>, holdBack = { basisPoints: 0, days: 90 }) => ({
  shares: Object.entries(shares).map(([to, basisPoints]) => ({
    to,
    basisPoints,
    base: 'margin-after-costs',
  })),
  holdBack,
});

t.test('a return that is voided gives back what was covered, and collectors get nothing twice', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const [one] = await s.people(1);
  const split = rule({ collectors: 6_000, fund: 2_000, operator: 2_000 }, { basisPoints: 1_000, days: 90 });
  ok(await app.operator.post('/v1/distribution-rules', split));
  const bag = await s.weighIn(1_000_000, { collectorId: one });
  const batch = await s.tradeIn([bag], 1_000_000);
  await settled(app);
  const before = await s.balances();
  t.match(before, { payable: -600_000, 'hold-back': -40_000, 'operator-share': -180_000 });
  ok(await s.post(batch.id, 'deliveries', { grams: 1_000_000, deliveredAt: AT }));
  const returned = ok(
    await s.post(batch.id, 'returns', {
      ...{ grams: 100_000, siteId: s.seller.siteId, returnedAt: AT, reason: '退' },
      creditNote: fen(600_000),
    }),
  );
  await settled(app);
  const covered = await s.balances();
  t.match(covered, { payable: -600_000, 'hold-back': 0, 'operator-share': -180_000 + 60_000 });
  ok(await s.post(batch.id, 'entries/void', { entrySeq: returned.receipt.seq, reason: '未退' }));
  await settled(app);
  t.same(await s.balances(), before, 'as if it had not been');
  ok(await s.post(batch.id, 'payments', { amount: fen(100_000), receivedAt: AT }));
  await settled(app);
  t.match(await s.balances(), { payable: -660_000, undistributed: 0 }, 'the next receipt adds what it adds');
});

t.test('who was found to have brought a bag has a share in what it sells for', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  ok(await app.operator.post('/v1/distribution-rules', rule({ collectors: 10_000 })));
  const [found, gone] = (await s.people(2)) as [string, string];
  const bags: { id: string; lotId: string }[] = [];
  for (const bagTag of ['A-1', 'A-2', 'A-3']) bags.push(await s.weighIn(10_000, { bagTag }));
  const name = async (i: number, collectorId: string) =>
    ok(
      await app.operator.post(`/v1/collections/${bags[i]!.id}/naming`, { collectorId, reason: '袋标登记簿' }),
    );
  await name(0, found);
  await name(1, gone);
  ok(await app.operator.delete(`/v1/collectors/${gone}/personal-data`), 200);
  t.match(await app.operator.delete(`/v1/collectors/${gone}/personal-data?stage=erase`), {
    body: { state: 'erased' },
  });
  await s.tradeIn(bags, 3_000);
  await settled(app);
  t.equal(await s.owed(found), 1_000);
  t.match(await s.balances(), { payable: -1_000, suspense: -1_000, fund: -1_000, undistributed: 0 });
});
