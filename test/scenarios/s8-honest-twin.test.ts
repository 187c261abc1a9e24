import t from 'tap';
import { startTestApp } from '../support/app.ts';

t.test('S8: the honest twin washes, blends with outside material, and may claim its own grams', async (t) => {
  const { site, operator } = await startTestApp(t);
  const norm = (step: string, minBasisPoints: number, maxBasisPoints: number) => ({
    step,
    material: 'pet',
    minBasisPoints,
    maxBasisPoints,
  });
  const { siteId, client } = await site('recycler');
  const norms = [
    norm('wash-pelletise', 6_500, 8_000),
    norm('wash', 6_500, 8_000),
    norm('blend', 9_000, 10_000),
  ];
  t.equal((await operator.patch(`/v1/sites/${siteId}`, { norms })).status, 200);
  const made = async (url: string, body: object) => {
    const answer = await client.post(url, body);
    t.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  };
  const consent = { version: '1', at: '2026-01-01T00:00:00+08:00' };
  const { id: collectorId } = (await operator.post('/v1/collectors', { siteId, name: '王海生', consent }))
    .body;
  const bales = await made('/v1/collections', {
    siteId,
    collectorId,
    material: 'pet',
    form: 'bale',
    originClass: 'sea-recovered',
    grossGrams: 10_000_000,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
  });
  t.same(bales.marks, []);
  t.match(bales, { lot: { grams: 10_000_000, claimableGrams: 10_000_000 } });
  const wash = await made('/v1/process-runs', {
    siteId,
    step: 'wash',
    inputs: [{ lotId: bales.lot.id }],
    outputs: [
      { material: 'pet', form: 'flake', grams: 7_200_000 },
      { material: 'sludge', form: 'mixed', grams: 900_000 },
    ],
    losses: [{ kind: 'evaporated', grams: 1_900_000 }],
    lineClean: true,
  });
  t.same(wash.marks, [], '72 % is in range');
  const [flake, sludge] = wash.outputs;
  t.match((await client.get(`/v1/lots/${flake.lotId}`)).body, {
    grams: 7_200_000,
    claimableGrams: 7_200_000,
  });
  t.match((await client.get(`/v1/lots/${sludge.lotId}`)).body, { grams: 900_000, claimableGrams: 0 });
  const bought = await made('/v1/outside-materials', {
    siteId,
    kind: 'purchase',
    material: 'pet',
    form: 'flake',
    grams: 2_400_000,
    invoiceSha256: 'cd'.repeat(32),
  });
  const blend = await made('/v1/process-runs', {
    siteId,
    step: 'blend',
    inputs: [{ lotId: flake.lotId }, { lotId: bought.lot.id }],
    outputs: [{ material: 'pet', form: 'pellet', grams: 9_600_000 }],
    losses: [],
    lineClean: true,
  });
  t.same(blend.marks, []);
  const [pellets] = blend.outputs;
  const { summary, items } = (await client.get(`/v1/lots/${pellets.lotId}/provenance`)).body;
  t.match(summary, {
    grams: 9_600_000,
    claimableGrams: 7_200_000,
    custodyModel: 'controlled-blending',
    byOriginClass: [
      { originClass: 'none', grams: 2_400_000 },
      { originClass: 'sea-recovered', grams: 7_200_000 },
    ],
  });
  t.match(items, [
    { kind: 'weigh-in', grams: 7_200_000, seq: bales.receipt.seq },
    { kind: 'outside', grams: 2_400_000, seq: bought.receipt.seq },
  ]);
  t.equal((summary.claimableGrams * 100) / summary.grams, 75, 'a page may say 75 %');
  const batch = await made('/v1/batches', { siteId, inputs: [{ lotId: pellets.lotId }] });
  const provenance = (await client.get(`/v1/batches/${batch.id}/provenance`)).body;
  t.match(provenance, {
    grams: 9_600_000,
    claimableGrams: 7_200_000,
    custodyModel: 'controlled-blending',
    lossesOnTheWay: [{ kind: 'evaporated', grams: 1_900_000 }],
  });
  t.equal((await operator.put('/v1/schemes/traceability-statement', {})).status, 200);
  const eligibility = `/v1/batches/${batch.id}/eligibility?scheme=traceability-statement`;
  t.match((await client.get(eligibility)).body, {
    grams: 9_600_000,
    eligibleGrams: 7_200_000,
    custodyModel: 'controlled-blending',
    reasons: [{ code: 'origin-class', grams: 2_400_000 }],
  });
  t.equal((await operator.put('/v1/schemes/ocean-bound-pre-check', {})).status, 200);
  t.match((await client.get(eligibility.replace('traceability-statement', 'ocean-bound-pre-check'))).body, {
    eligibleGrams: 0,
    reasons: [{ code: 'custody-model', grams: 9_600_000 }],
  });
});
