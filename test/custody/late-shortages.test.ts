import t from 'tap';
import { MAX_REDRAWN } from '../../src/lots/count-losses.ts';
import { startCounted } from '../support/counts.ts';
import { ok } from '../support/loads.ts';

/** Three weigh-ins of 500, 300 and 200 g, of which a count finds 667: 166, 100 and 67 g are lost. */
const short = async (t: Parameters<typeof startCounted>[0]) => {
  const place = await startCounted(t);
  const lots: string[] = [];
  for (const grams of [500, 300, 200])
    lots.push(await place.weighIn(place.from, grams, { collectedAt: place.at(-120) }));
  const { id } = await place.count(667);
  const collectorId = ok(
    await place.from.client.post('/v1/collectors', {
      siteId: place.from.siteId,
      name: '老陈',
      consent: { version: '1', at: '2026-01-01T00:00:00+08:00' },
    }),
  ).id;
  const late = (grams: number) =>
    place.weigh(grams, place.at(-90), { collectorId, originEvidence: 'position' });
  const gramsOf = async (ids: readonly string[]) =>
    Promise.all(ids.map(async (lotId) => (await place.lot(lotId)).grams as number));
  return { ...place, countId: id as string, lots, late, gramsOf };
};

t.test('a late weigh-in joins the lots that bear a shortage, and it is drawn again over all', async (t) => {
  const { app, from, countId, lots, late, gramsOf, stock } = await short(t);
  t.same(await gramsOf(lots), [334, 200, 133]);
  const first = await late(200);
  t.match(first, { lot: { grams: 111 }, payGrams: 200 });
  t.same(first.count, { countId, takenOverGrams: 0, lossGrams: 89 });
  t.same(await gramsOf([...lots, first.lot.id]), [278, 167, 111, 111]);
  t.equal(await stock(from), 667, 'the books say what was counted');
  const second = await late(100);
  t.same(second.count, { countId, takenOverGrams: 0, lossGrams: 49 });
  const all = [...lots, first.lot.id, second.lot.id];
  t.same(await gramsOf(all), [256, 154, 103, 103, 51]);
  t.equal(await stock(from), 667);
  t.same(ok(await app.operator.get('/v1/cases'), 200).items, [], 'nobody has to decide anything');
  const { entry } = ok(await app.operator.get(`/v1/ledger/entries/${second.receipt.seq}`), 200);
  t.match(entry.data.count.shortage, {
    lossGrams: 49,
    lots: [
      { lotId: lots[0], drawnSeq: first.receipt.seq, returnedGrams: 222, lossGrams: 244 },
      { lotId: lots[1], returnedGrams: 133, lossGrams: 146 },
      { lotId: lots[2], returnedGrams: 89, lossGrams: 97 },
      { lotId: first.lot.id, returnedGrams: 89, lossGrams: 97 },
    ],
  });
  const { id } = ok(await from.client.post('/v1/batches', { inputs: all.map((lotId) => ({ lotId })) }));
  t.match(ok(await from.client.get(`/v1/batches/${id}/provenance`), 200), {
    grams: 667,
    lossesOnTheWay: [{ kind: 'stock-shortage', grams: 633 }],
  });
});

t.test('what should bear a shortage and was used already opens a case', async (t) => {
  const { from, lots, late, gramsOf, stock, decide, lot } = await short(t);
  const [a] = lots;
  ok(
    await from.client.post('/v1/process-runs', {
      siteId: from.siteId,
      step: 'bale',
      inputs: [{ lotId: a, grams: 300 }],
      outputs: [{ material: 'pet', form: 'bale', grams: 300 }],
      losses: [],
    }),
  );
  const { lot: own, count } = await late(200);
  t.match(count, { lossGrams: 89, grams: 22 }, 'of 222 g only 200 are there');
  t.same(await gramsOf([...lots, own.id]), [0, 167, 111, 111]);
  t.match(await lot(own.id), { onHold: true, claimableGrams: 89 });
  const next = await late(60);
  // Over 1,260 g: 235.3, 141.2, 94.1, 94.1 and 28.2; the held lot keeps its 89 g and the first has none left.
  t.match(next.count, { lossGrams: 28 });
  t.same(await gramsOf([...lots, own.id, next.lot.id]), [0, 159, 106, 111, 32]);
  t.equal(next.count.grams, 593 - (200 + 141 + 94 + 89 + 28) - 22);
  await decide(count.caseId, { outcome: 'loss', lossKind: 'stock-shortage' });
  await decide(next.count.caseId, { outcome: 'loss', lossKind: 'stock-shortage' });
  t.equal(await stock(from), 667, 'with the bale, the books say what was counted');
});

t.test(
  'a shortage of lots of many sources returns the very grams; what has left keeps its loss',
  async (t) => {
    const { from, to, at, weighIn, late, gramsOf, send, lot, lots } = await short(t);
    const { client, siteId } = from;
    await send(from, to.siteId, [lots[2]!]);
    const first = await late(200);
    t.match(first.count, { lossGrams: 89, grams: 22 }, 'the third should bear 22 g more');
    t.same(await gramsOf([...lots, first.lot.id]), [278, 167, 133, 111]);

    const rope = await Promise.all([700, 300].map((grams) => weighIn(from, grams, { form: 'rope' })));
    const bale = ok(
      await client.post('/v1/process-runs', {
        siteId,
        step: 'bale',
        inputs: rope.map((lotId) => ({ lotId })),
        outputs: [{ material: 'pet', form: 'bale', grams: 1_000 }],
        losses: [],
      }),
    ).outputs[0].lotId;
    const path = `/v1/sites/${siteId}/stock-counts`;
    const items = [
      { material: 'pet', form: 'bale', countedGrams: 333 },
      { material: 'pet', form: 'bottle', countedGrams: 400 },
    ];
    ok(await client.post(path, { cutOffAt: at(-60), items }));
    const sourcesIn = async () => ok(await client.get(`/v1/lots/${bale}/provenance`), 200).items;
    const of = (list: { grams: number }[]) => list.map(({ grams }) => grams);
    t.same(of(await sourcesIn()), [233, 100]);
    const late2 = ok(
      await client.post('/v1/collections', {
        siteId,
        material: 'pet',
        form: 'bale',
        originClass: 'shoreline',
        grossGrams: 500,
        tareGrams: 0,
        basis: 'weighed',
        collectedAt: at(-90),
      }),
    );
    t.match(late2.count, { lossGrams: 389 }, '1,167 g over 1,000 and 500');
    t.match(await lot(bale), { grams: 222 });
    t.same(of(await sourcesIn()), [155, 67], '700 and 300 g less 778');
  },
);

t.test('a shortage over 199 lots is drawn again by the 200th, and no further', async (t) => {
  const { app, from, at, count, weigh, stock } = await startCounted(t);
  const upload = Array.from({ length: MAX_REDRAWN - 1 }, (_, i) => ({
    id: `0198f3a2-1c7e-4d1a-9c4e-${String(i).padStart(12, '0')}`,
    siteId: from.siteId,
    material: 'pet',
    form: 'bottle',
    originClass: 'shoreline',
    grossGrams: 9_000_000 + i,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: at(-120),
  }));
  ok(await from.client.post('/v1/collections/batch', upload), 200);
  await count(1_000_000_000);
  const last = await weigh(9_000_000, at(-90));
  t.ok(last.count.lossGrams > 0);
  const { entry } = ok(await app.operator.get(`/v1/ledger/entries/${last.receipt.seq}`), 200);
  t.equal(entry.data.count.shortage.lots.length, MAX_REDRAWN - 1);
  const bytes = Buffer.byteLength(JSON.stringify(entry));
  t.ok(bytes < 65_535 / 2, `${bytes} bytes`);
  t.equal(await stock(from), 1_000_000_000);
  const over = await weigh(5_000, at(-90));
  t.match(over, { lot: { grams: 5_000 }, count: { grams: 5_000 } }, 'on hold: others decide');
  t.notOk('lossGrams' in over.count);
});
