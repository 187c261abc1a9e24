import t from 'tap';
import { type Answer, startTestApp } from '../support/app.ts';

const ok = ({ status, body }: Answer, expected = 201): Answer['body'] => {
  if (status !== expected) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

t.test('S2 an honest accident: the weighbridge gives more', async (t) => {
  const app = await startTestApp(t);
  const station = await app.site('station');
  const warehouse = await app.site('warehouse');
  const collector = ok(
    await station.client.post('/v1/collectors', {
      siteId: station.siteId,
      name: '渔民',
      consent: { version: '1', at: '2026-01-01T00:00:00+08:00' },
    }),
  );
  const scale = ok(
    await warehouse.client.post('/v1/devices', {
      siteId: warehouse.siteId,
      name: '地磅',
      scale: { class: 'III', eGrams: 20_000, minGrams: 400_000, maxGrams: 60_000_000 },
    }),
  );
  /** Bags that together weigh `grams`, dispatched as one load. */
  const dispatch = async (bags: number, grams: number) => {
    const each = Math.floor(grams / bags);
    const { items } = ok(
      await station.client.post(
        '/v1/collections/batch',
        Array.from({ length: bags }, (_, i) => ({
          id: crypto.randomUUID(),
          siteId: station.siteId,
          collectorId: collector.id,
          material: 'pet',
          form: 'bottle',
          originClass: 'sea-recovered',
          originEvidence: 'position',
          grossGrams: i === 0 ? grams - each * (bags - 1) : each,
          tareGrams: 0,
          basis: 'weighed',
          collectedAt: new Date().toISOString(),
          quote: { price: { amount: 1, currency: 'CNY', perGrams: 1 } },
        })),
      ),
      200,
    );
    const lots = items.map(({ lot }: { lot: { id: string } }) => ({ lotId: lot.id }));
    const { siteId: fromSiteId } = station;
    const body = { fromSiteId, toSiteId: warehouse.siteId, lots };
    return { ...ok(await station.client.post('/v1/shipments', body)), bags: items };
  };
  const receive = async ({ id }: { id: string }, grossGrams: number) =>
    ok(
      await warehouse.client.post(`/v1/shipments/${id}/receipt`, {
        grossGrams,
        tareGrams: 6_080_000,
        deviceId: scale.id,
      }),
    );
  const [first, second, third] = [
    await dispatch(84, 2_000_000),
    await dispatch(1, 1_000_000),
    await dispatch(3, 1_000_000),
  ];
  const received = [
    await receive(first, 8_120_000),
    await receive(second, 7_180_000),
    await receive(third, 7_020_000),
  ];
  t.match(received[0], {
    toleranceGrams: 40_000,
    measuredGrams: 2_040_000,
    surplusGrams: 40_000,
    onHold: false,
  });
  t.notOk('caseId' in received[0], 'load 1 closes');
  t.match(received[1], { measuredGrams: 1_100_000, surplusGrams: 100_000, onHold: false });
  t.match(received[2], { measuredGrams: 940_000, surplusGrams: 0, lossGrams: 0, onHold: true });
  const { items: cases } = ok(await warehouse.client.get('/v1/cases'), 200);
  t.match(cases, [
    { id: received[1].caseId, kind: 'receipt-surplus', grams: 100_000 },
    { id: received[2].caseId, kind: 'receipt-short', grams: 60_000 },
  ]);
  t.equal(
    received.reduce((sum, r) => sum + r.measuredGrams, 0),
    4_080_000,
  );
  t.equal(
    received.reduce((sum, r) => sum + r.surplusGrams, 0),
    140_000,
  );
  const { items } = ok(await warehouse.client.get(`/v1/sites/${warehouse.siteId}/inventory`), 200);
  const sum = (member: string) =>
    items.reduce((total: number, item: Record<string, number>) => total + item[member]!, 0);
  t.equal(sum('claimableGrams'), 3_940_000, 'of a load on hold no more than was measured');
  t.equal(sum('grams'), 4_140_000);

  const ofThird = third.bags[0].lot.id as string;
  t.match(await warehouse.client.post('/v1/batches', { inputs: [{ lotId: ofThird }] }), {
    status: 409,
    body: { code: 'on_hold' },
  });
  t.match(
    await warehouse.client.post('/v1/batches', { inputs: [{ lotId: received[1].surplusLotId }] }),
    { status: 409, body: { code: 'on_hold' } },
    'the surplus beyond tolerance is set apart',
  );
  const batch = ok(
    await warehouse.client.post('/v1/batches', {
      inputs: [{ lotId: received[0].surplusLotId }, { lotId: second.bags[0].lot.id }],
    }),
  );
  const provenance = ok(await warehouse.client.get(`/v1/batches/${batch.id}/provenance`), 200);
  t.match(provenance, {
    grams: 1_040_000,
    claimableGrams: 1_000_000,
    byOriginClass: [
      { originClass: 'none', grams: 40_000 },
      { originClass: 'sea-recovered', grams: 1_000_000 },
    ],
    custodyModel: 'controlled-blending',
  });
  for (const { id, earning } of first.bags.slice(0, 3))
    t.same(ok(await station.client.get(`/v1/collections/${id}`), 200).earning, earning, 'no fen moves');
});
