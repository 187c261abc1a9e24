import t from 'tap';
import { tradeOf } from '../resale/sealed.ts';
import { startTestApp } from '../support/app.ts';

t.test('a doubt that arose while a statement was reviewed suspends it once it is issued', async (t) => {
  const app = await startTestApp(t);
  const trade = await tradeOf(app);
  const { body } = await app.operator.post('/v1/organisations', { name: 'Body', kind: 'certifier' });
  const reviewers = [
    await app.keyFor(body.id, 'certifier', { holder: 'Li' }),
    await app.keyFor(body.id, 'certifier', { holder: 'Zhou' }),
  ];
  await app.operator.put('/v1/schemes/traceability-statement', {});
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const collector = { siteId: trade.seller.siteId, name: '王海生', consent };
  const { id: collectorId } = (await app.operator.post('/v1/collectors', collector)).body;
  const batch = await trade.seal([{ lotId: await trade.mixed([300_000, 200_000], { collectorId }) }]);
  await trade.sell(batch.id);
  const request = { batchId: batch.id, scheme: 'traceability-statement' };
  const { id } = (await trade.brandA.client.post('/v1/statements', request)).body;
  await app.deps.follower.catchUp();
  const [weighIn] = (await app.operator.get('/v1/collections?limit=1')).body.items;
  const marked = await app.operator.post(`/v1/collections/${weighIn.id}/marks`, { code: 'review' });
  t.equal(marked.status, 201);
  const checkedUpTo = async (): Promise<number> => {
    const { rows } = await app.deps.pool.query('SELECT seq FROM statement_checks WHERE statement_id = $1', [
      id,
    ]);
    return rows[0]?.seq ?? -1;
  };
  const until = async (true_: () => Promise<boolean>): Promise<boolean> => {
    for (let i = 0; i < 400; i++) {
      if (await true_()) return true;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return false;
  };
  t.ok(
    await until(async () => (await checkedUpTo()) >= marked.body.receipt.seq),
    'it was held against the mark while nobody had approved it',
  );
  for (const reviewer of reviewers)
    t.equal((await reviewer.post(`/v1/statements/${id}/approve`)).status, 201);
  const read = async () => (await app.operator.get(`/v1/statements/${id}`)).body;
  t.ok(await until(async () => (await read()).state === 'suspended'), 'and is suspended by itself');
  t.match(await read(), { reason: 'eligible-below', grams: 500_000 });
});
