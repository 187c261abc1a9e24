import t from 'tap';
import { startCounted } from '../support/counts.ts';
import { ok } from '../support/loads.ts';

t.test('a late weigh-in takes over the surplus of the count that had counted it', async (t) => {
  const { app, from, at, count, weigh, weighIn, lot, stock } = await startCounted(t);
  await weighIn(from, 1_000, { collectedAt: at(-120) });
  const { id, items } = await count(1_500);
  const { surplusLotId } = items[0];
  t.equal(await stock(from), 1_500);
  const late = await weigh(300, at(-90));
  t.same(late.count, { countId: id, takenOverGrams: 300 });
  t.match(await lot(surplusLotId), { grams: 200 });
  t.equal(await stock(from), 1_500, 'the books say what was counted');
  t.notOk('count' in (await weigh(70, at(-30))), 'weighed after the cut-off');
  t.notOk('count' in (await weigh(80, at(-90), { form: 'film' })), 'a kind that was not counted');
  const rest = await weigh(200, at(-61));
  t.same(rest.count, { countId: id, takenOverGrams: 200 });
  t.match(await lot(surplusLotId), { grams: 0 });
  t.equal(await stock(from), 1_650);
  t.same(ok(await app.operator.get('/v1/cases'), 200).items, []);
  const entry = ok(await app.operator.get(`/v1/ledger/entries/${late.receipt.seq}`), 200);
  t.match(entry.entry ?? entry, {
    data: { count: { countId: id, surplus: { lotId: surplusLotId, grams: 300 } } },
  });
});

t.test('what the count had no surplus for is on hold, and others decide', async (t) => {
  const { from, at, count, weigh, weighIn, lot, stock, decide } = await startCounted(t);
  await weighIn(from, 1_000, { collectedAt: at(-120) });
  const { id } = await count(1_100);
  const late = await weigh(400, at(-90));
  t.match(late.count, { countId: id, takenOverGrams: 100, grams: 300 });
  t.match(await lot(late.lot.id), { grams: 400, onHold: true, caseId: late.count.caseId });
  t.match(await from.client.post('/v1/batches', { siteId: from.siteId, inputs: [{ lotId: late.lot.id }] }), {
    status: 409,
    body: { code: 'on_hold' },
  });
  t.match(await decide(late.count.caseId, { outcome: 'loss', lossKind: 'stock-shortage' }), {
    lossGrams: 300,
    lots: [{ lotId: late.lot.id, grams: 100 }],
  });
  t.match(await lot(late.lot.id), { grams: 100, onHold: false });
  t.equal(await stock(from), 1_100, 'the books say what was counted');
});

t.test('a surplus that was drawn on already opens a case for what is gone', async (t) => {
  const { from, at, count, weigh, lot, decide } = await startCounted(t);
  const { items } = await count(500);
  ok(
    await from.client.post('/v1/process-runs', {
      siteId: from.siteId,
      step: 'bale',
      inputs: [{ lotId: items[0].surplusLotId, grams: 350 }],
      outputs: [{ material: 'pet', form: 'bale', grams: 350 }],
      losses: [],
    }),
  );
  const late = await weigh(500, at(-90));
  t.match(late.count, { takenOverGrams: 150, grams: 350 });
  await decide(late.count.caseId, { outcome: 'released' });
  t.match(await lot(late.lot.id), { grams: 500, onHold: false });
});

t.test('the count with the later cut-off speaks, whichever was recorded last', async (t) => {
  const { at, count, weigh } = await startCounted(t);
  const later = await count(500, at(-60));
  await count(500, at(-240));
  t.match((await weigh(100, at(-90))).count, { countId: later.id, takenOverGrams: 100 });
});

t.test('late weigh-ins of one upload share a surplus, and no gram is taken twice', async (t) => {
  const { from, at, count, stock } = await startCounted(t);
  const { id } = await count(1_000);
  const upload = Array.from({ length: 5 }, (_, i) => ({
    id: `0198f3a2-1c7e-4d1a-9c4e-00000000000${i}`,
    siteId: from.siteId,
    material: 'pet',
    form: 'bottle',
    originClass: 'shoreline',
    grossGrams: 300,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: at(-90),
  }));
  const send = async () => ok(await from.client.post('/v1/collections/batch', upload), 200).items;
  const items = await send();
  t.same(
    items.map(({ count: used }: { count: { takenOverGrams: number } }) => used.takenOverGrams).sort(),
    [0, 100, 300, 300, 300],
  );
  t.ok(items.every(({ count: used }: { count: { countId: string } }) => used.countId === id));
  t.match(
    await send(),
    items.map(({ receipt }: { receipt: object }) => ({ receipt, replayed: true })),
  );
  t.equal(await stock(from), 1_500, '1,000 g counted, and 500 g on hold');
});
