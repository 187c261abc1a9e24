import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import t from 'tap';
import { startTestApp } from '../support/app.ts';

const weighIn = (siteId: string, more: object = {}) => ({
  id: randomUUID(),
  siteId,
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  originEvidence: 'position',
  grossGrams: 12_600,
  tareGrams: 600,
  basis: 'weighed',
  deductions: [{ kind: 'water', grams: 1_800, basis: 'sample' }],
  collectedAt: new Date().toISOString(),
  ...more,
});

t.test('a wet bag keeps its three weights, and a repeat gets the first answer', async (t) => {
  const { site } = await startTestApp(t);
  const station = await site('station');
  const body = weighIn(station.siteId, {
    quote: { price: { amount: 1, currency: 'CNY', perGrams: 1 } },
    bagTag: 'A-17',
  });
  const first = await station.client.post('/v1/collections', body);
  t.equal(first.status, 201);
  t.match(first.body, {
    id: body.id,
    lot: { grams: 12_000, claimableGrams: 0 },
    payGrams: 10_200,
    marks: ['unresolved'],
    earning: { amount: 10_200, currency: 'CNY' },
  });
  const again = await station.client.post('/v1/collections', body);
  t.equal(again.status, 201);
  t.equal(again.headers['idempotency-replayed'], 'true');
  t.same(again.body, first.body);
  const other = await station.client.post('/v1/collections', { ...body, grossGrams: 12_601 });
  t.equal(other.status, 409);
  t.equal(other.body.code, 'idempotency_conflict');
  const read = await station.client.get(`/v1/collections/${body.id}`);
  t.match(read.body, { id: body.id, payGrams: 10_200, bagTag: 'A-17', lot: { gramsLeft: 12_000 } });
});

t.test('offline uploads, split, shuffled and tripled, end as the same ledger set', async (t) => {
  const { site, deps, superuser } = await startTestApp(t);
  const station = await site('station');
  const db = await superuser();
  let expectedLots = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      async (masses, noise) => {
        const month = masses.map((grams, i) =>
          weighIn(station.siteId, {
            grossGrams: grams + 50,
            tareGrams: 50,
            deductions: [],
            collectedAt: new Date(Date.now() - i * 86_400_000).toISOString(),
          }),
        );
        const tripled = [...month, ...month, ...month];
        const random = (): number => noise.next().value;
        for (let i = tripled.length - 1; i > 0; i--) {
          const j = random() % (i + 1);
          [tripled[i], tripled[j]] = [tripled[j]!, tripled[i]!];
        }
        const answers = new Map<string, object>();
        const uploads = [];
        while (tripled.length > 0) uploads.push(tripled.splice(0, 1 + (random() % 8)));
        const results = await Promise.all(
          uploads.map((upload) => station.client.post('/v1/collections/batch', upload)),
        );
        let recorded = 0;
        for (const { body, status } of results) {
          if (status !== 200) return false;
          for (const { index: _, replayed, ...item } of body.items) {
            if (item.status !== 201) return false;
            if (replayed !== true) recorded++;
            const known = answers.get(item.id);
            if (known !== undefined && JSON.stringify(known) !== JSON.stringify(item)) return false;
            answers.set(item.id, item);
          }
        }
        expectedLots += month.length;
        return recorded === month.length && answers.size === month.length;
      },
    ),
    { numRuns: 40 },
  );
  const { rows } = await db.query("SELECT count(*)::int AS lots FROM lots WHERE kind = 'weigh-in'");
  t.equal(rows[0].lots, expectedLots);
  t.ok(deps.door.counts.replays > 0, 'repeats were answered');
});

t.test('a device signs what it weighed', async (t) => {
  const { site, operator } = await startTestApp(t);
  const station = await site('station');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'jwk' }).x!;
  const device = await station.client.post('/v1/devices', {
    siteId: station.siteId,
    name: '秤 1',
    publicKey: raw,
  });
  t.equal(device.status, 201);
  const collector = await station.client.post('/v1/collectors', {
    siteId: station.siteId,
    name: '王海生',
    consent: { version: '1', at: '2026-01-01T00:00:00+08:00' },
  });
  const deviceId = device.body.id as string;
  const salt = 'ab'.repeat(32);
  const body = weighIn(station.siteId, { collectorId: collector.body.id, deductions: undefined });
  const { id, siteId, material, form, originClass, basis, grossGrams, tareGrams, collectedAt } =
    body as never as Record<string, string>;
  const part = { collectorId: collector.body.id, collectedAt };
  const personSeal = createHash('sha256')
    .update(Buffer.from(salt, 'hex'))
    .update(canonicalize(part)!)
    .digest('hex');
  const signed = {
    id,
    siteId,
    deviceId,
    counter: 1,
    material,
    form,
    originClass,
    basis,
    grossGrams,
    tareGrams,
    seals: [personSeal],
  };
  const signature = sign(null, Buffer.from(canonicalize(signed)!), privateKey).toString('base64url');
  const attestation = { deviceId, counter: 1, salts: [salt], signature };
  const good = await station.client.post('/v1/collections', { ...body, attestation });
  t.equal(good.status, 201);
  t.same(good.body.marks, []);
  t.equal(good.body.lot.claimableGrams, 12_000);
  const opening = await operator.get(`/v1/ledger/entries/${good.body.receipt.seq}/opening`);
  t.same(opening.body.main.part.personSeals, [personSeal]);
  t.same(opening.body.main.part.attestation.signed, signed, 'what was signed is kept unchanged');

  const forged = { ...body, id: randomUUID(), grossGrams: 99_600, attestation };
  const bad = await station.client.post('/v1/collections', forged);
  t.equal(bad.status, 201, 'the weigh-in is recorded');
  t.same(bad.body.marks, ['not-attested']);
  t.equal(bad.body.lot.claimableGrams, 0, 'and not claimable');
});

t.test('what is doubtful is recorded, marked, and said', async (t) => {
  const { site } = await startTestApp(t);
  const { client, siteId } = await site('station');
  const post = async (more: object) => (await client.post('/v1/collections', weighIn(siteId, more))).body;
  t.match(await post({ collectedAt: '1970-01-01T00:00:00Z' }), { marks: ['unresolved', 'clock-doubtful'] });
  t.match(await post({ collectedAt: '2038-01-19T03:14:08Z' }), { marks: ['unresolved', 'clock-doubtful'] });
  t.match(await post({ originEvidence: 'none' }), { marks: ['unresolved', 'origin-none'] });
  t.match(await post({ basis: 'estimated' }), { marks: ['unresolved', 'estimated'] });
  t.match(await post({ collectorId: randomUUID() }), { marks: ['unresolved'], payGrams: 10_200 });
  t.match(await post({ basis: 'counted', count: 7, grossGrams: undefined, tareGrams: 0, deductions: [] }), {
    lot: { grams: 140 },
  });
  const wrong = async (more: object) =>
    (await client.post('/v1/collections', weighIn(siteId, more))).body.code;
  t.equal(await wrong({ tareGrams: 12_600 }), 'no_grams');
  t.equal(await wrong({ deductions: [{ kind: 'sand', grams: 12_001, basis: 'norm' }] }), 'over_deducted');
  t.equal(await wrong({ siteId: randomUUID() }), 'unknown_site');
  t.equal(await wrong({ material: 'oily-water' }), 'malformed');
  t.equal(await wrong({ grossGrams: 12_600.5 }), 'malformed');
  t.equal(await wrong({ basis: 'counted', count: 7, tareGrams: 0, deductions: [] }), 'count_disagrees');
});
