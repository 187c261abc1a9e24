import t from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

t.test('S1 a wet bag keeps its three weights', async (t) => {
  const app = await startTestApp(t);
  const station = await app.site('station');
  const recycler = await app.site('recycler', { toleranceBasisPoints: 500 });
  const collector = ok(
    await station.client.post('/v1/collectors', {
      siteId: station.siteId,
      name: '渔民',
      consent: { version: '1', at: '2026-01-01T00:00:00+08:00' },
    }),
  );
  const bag = ok(
    await station.client.post('/v1/collections', {
      siteId: station.siteId,
      collectorId: collector.id,
      material: 'pet',
      form: 'bottle',
      originClass: 'sea-recovered',
      originEvidence: 'position',
      grossGrams: 12_600,
      tareGrams: 600,
      basis: 'weighed',
      deductions: [{ kind: 'water', grams: 1_800, basis: 'sample' }],
      collectedAt: new Date().toISOString(),
      quote: { price: { amount: 1, currency: 'CNY', perGrams: 1 } },
    }),
  );
  t.match(bag, {
    lot: { grams: 12_000, claimableGrams: 10_200 },
    payGrams: 10_200,
    earning: { amount: 10_200, currency: 'CNY' },
  });
  const load = ok(
    await station.client.post('/v1/shipments', {
      fromSiteId: station.siteId,
      toSiteId: recycler.siteId,
      lots: [{ lotId: bag.lot.id }],
    }),
  );
  const receipt = ok(
    await recycler.client.post(`/v1/shipments/${load.id}/receipt`, { measuredGrams: 11_640 }),
  );
  t.match(receipt, { lossGrams: 360, surplusGrams: 0, onHold: false });
  t.notOk('caseId' in receipt, 'without a case');
  const sorted = ok(
    await recycler.client.post('/v1/process-runs', {
      siteId: recycler.siteId,
      step: 'sort',
      inputs: [{ lotId: bag.lot.id }],
      outputs: [
        { material: 'pet', form: 'bottle', grams: 9_100 },
        { material: 'pp', form: 'rigid', grams: 780 },
        { material: 'residue', form: 'mixed', grams: 1_120 },
      ],
      losses: [{ kind: 'evaporated', grams: 640 }],
      lineClean: true,
    }),
  );
  const washed = ok(
    await recycler.client.post('/v1/process-runs', {
      siteId: recycler.siteId,
      step: 'wash',
      inputs: [{ lotId: sorted.outputs[0].lotId }],
      outputs: [
        { material: 'pet', form: 'flake', grams: 7_550 },
        { material: 'sludge', form: 'mixed', grams: 830 },
      ],
      losses: [{ kind: 'evaporated', grams: 720 }],
      lineClean: true,
    }),
  );
  t.equal(360 + 780 + 1_120 + 640 + 7_550 + 830 + 720, 12_000);
  const flake = washed.outputs[0].lotId as string;
  const claimable = async (): Promise<number> =>
    ok(await recycler.client.get(`/v1/lots/${flake}`), 200).claimableGrams;
  t.equal(await claimable(), Math.floor((7_550 * 10_200) / 12_000), 'before a sample: net of the deduction');
  ok(await recycler.client.post(`/v1/lots/${flake}/samples`, { kind: 'moisture', basisPoints: 80 }));
  t.equal(await claimable(), 7_489, 'once sampled: the dry grams');
  const month = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7);
  const period = async () =>
    ok(await recycler.client.get(`/v1/sites/${recycler.siteId}/periods/${month}`), 200);
  const [residue, sludge] = [sorted.outputs[2].lotId, washed.outputs[1].lotId];
  const open = await period();
  t.equal(open.closable, false);
  t.match(open.openItems, [
    { kind: 'waste-in-stock', id: residue, grams: 1_120 },
    { kind: 'waste-in-stock', id: sludge, grams: 830 },
  ]);
  ok(
    await recycler.client.post('/v1/disposals', {
      siteId: recycler.siteId,
      lots: [{ lotId: residue }, { lotId: sludge }],
      manifest: '3310022026000126',
      wasteCode: '900-003-S17',
      receiver: { name: '台州某固废处置厂', licence: '浙固 126' },
      disposedAt: new Date().toISOString(),
    }),
  );
  t.match(await period(), { closable: true, openItems: [] });
  const batch = ok(await recycler.client.post('/v1/batches', { inputs: [{ lotId: flake, grams: 5_000 }] }));
  const provenance = ok(await recycler.client.get(`/v1/batches/${batch.id}/provenance`), 200);
  t.equal(provenance.claimableGrams, 4_960, 'what comes of a sampled lot is as dry');
  t.equal(await claimable(), 2_529, 'and what is left of it: 2,550 g less 0.8 %, rounded down');
  const stock = ok(await recycler.client.get(`/v1/sites/${recycler.siteId}/inventory`), 200);
  t.match(
    stock.items.find((i: { form: string; material: string }) => i.form === 'flake' && i.material === 'pet'),
    { grams: 7_550, claimableGrams: 4_960 + 2_529, lots: 2 },
  );
  const before = ok(
    await recycler.client.get(`/v1/sites/${recycler.siteId}/inventory?asOfSeq=${washed.receipt.seq}`),
    200,
  );
  t.match(
    before.items.find((i: { form: string }) => i.form === 'flake'),
    { grams: 7_550, claimableGrams: 6_417 },
    'as it was known before the sample',
  );
  const view = ok(await station.client.get(`/v1/collections/${bag.id}`), 200);
  t.equal(view.payGrams, 10_200, 'and the pay never falls');
});
