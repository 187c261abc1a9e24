import { createHash } from 'node:crypto';
import t from 'tap';
import { type Client, startTestApp } from '../support/app.ts';

/**
 * One year of a Wenling warehouse (domain.md, "Figures of the real programme"): 4,328 vessel calls, 1,134.87 t oily
 * water, 5.06 t garbage, 0.23 t waste oil, 0.03 t lead-acid batteries. The single calls were not published; here each
 * total is split over calls of the year by seeded weights and largest remainders, so that the sums are exact.
 */
const CALLS = 4_328;
const YEAR = {
  'oily-water': 1_134_870_000,
  'mixed-debris': 5_060_000,
  'waste-oil': 230_000,
  'lead-acid-battery': 30_000,
};
/** Calls that handed over any of it. */
const CALLS_WITH = { 'oily-water': CALLS, 'mixed-debris': 1_500, 'waste-oil': 40, 'lead-acid-battery': 2 };
const MATERIALS = Object.keys(YEAR) as (keyof typeof YEAR)[];

/** Reproducible weights, 1 to 1,000 (Lehmer). */
const weights = (n: number, seed: number): number[] => {
  let x = seed;
  return Array.from({ length: n }, () => {
    x = (x * 48_271) % 2_147_483_647;
    return 1 + (x % 1_000);
  });
};

/** Whole parts in proportion to the weights, the rest one each to the largest remainders; their sum is the total. */
const split = (total: number, by: readonly number[]): number[] => {
  const sum = by.reduce((a, b) => a + b, 0);
  const parts = by.map((w) => Math.floor((total * w) / sum));
  const rest = total - parts.reduce((a, b) => a + b, 0);
  const order = by.map((w, i) => [(total * w) % sum, i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, i] of order.slice(0, rest)) parts[i]!++;
  return parts;
};

const idOf = (i: number): string => {
  const hex = createHash('sha256').update(`wenling ${i}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const callsOf = (siteId: string) => {
  const items = Array.from({ length: CALLS }, (): object[] => []);
  for (const [k, material] of MATERIALS.entries()) {
    const n = CALLS_WITH[material];
    // Oily water is metered, a litre a kilogram; the rest is weighed.
    for (const [j, grams] of split(YEAR[material], weights(n, 20_220_613 + k)).entries())
      items[Math.floor((j * CALLS) / n)]!.push(
        material === 'oily-water' ? { material, millilitres: grams } : { material, grams },
      );
  }
  return items.map((of, i) => ({
    id: idOf(i),
    siteId,
    vesselNumber: `浙岭渔 ${20_000 + (i % 900)}`,
    items: of,
    receivedAt: new Date(Date.parse('2025-01-01T00:00:00+08:00') + i * 7_286_000).toISOString(),
  }));
};

const numbersOf = async (client: Client): Promise<string[]> => {
  const numbers: string[] = [];
  let cursor = '';
  do {
    const { body } = await client.get(`/v1/pollutant-receptions?limit=1000${cursor}`);
    numbers.push(...body.items.map((item: { note: { number: string } }) => item.note.number));
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  return numbers;
};

t.test('the Wenling year: 4,328 calls, to the gram, under notes without a gap, and no plastic', async (t) => {
  const app = await startTestApp(t);
  const { siteId, client } = await app.site('warehouse', {
    capabilities: [{ name: 'pollutants', licence: '浙危废经第 126 号', validUntil: '2030-12-31' }],
  });
  await client.patch(`/v1/sites/${siteId}/pollutant-settings`, { notePrefix: 'WL' });
  const calls = callsOf(siteId);
  t.equal(calls.length, CALLS);
  const start = performance.now();
  for (let from = 0; from < CALLS; from += 1_000) {
    const { status, body } = await client.post(
      '/v1/pollutant-receptions/batch',
      calls.slice(from, from + 1_000),
    );
    t.equal(status, 200);
    const bad = body.items.filter((item: { status: number }) => item.status !== 201);
    t.same(bad, [], `calls from ${from}`);
  }
  const seconds = (performance.now() - start) / 1_000;
  t.comment(`4,328 receptions in ${seconds.toFixed(1)} s`);
  t.ok(seconds < 20, `uploaded in ${seconds.toFixed(1)} s`);

  const stock = async (query = '') => (await client.get(`/v1/sites/${siteId}/pollutants${query}`)).body;
  const full = await stock();
  t.same(
    Object.fromEntries(
      full.items.map((item: { material: string; grams: number }) => [item.material, item.grams]),
    ),
    YEAR,
  );
  t.match(
    full.items.find((item: { material: string }) => item.material === 'oily-water'),
    {
      millilitres: YEAR['oily-water'],
      oldestDay: '2025-01-01',
      storeUntil: '2026-01-01',
      licence: null,
      flows: { received: YEAR['oily-water'], treated: 0 },
    },
  );
  const numbers = await numbersOf(client);
  t.same(
    numbers.sort(),
    Array.from({ length: CALLS }, (_, i) => `WL-2025-${String(i + 1).padStart(6, '0')}`),
    'notes 1 to 4,328, each once',
  );
  const again = await client.post('/v1/pollutant-receptions/batch', calls.slice(0, 1_000).reverse());
  t.ok(
    again.body.items.every(
      (item: { status: number; replayed?: boolean }) => item.status === 201 && item.replayed,
    ),
  );
  t.equal((await numbersOf(client)).length, CALLS, 'sent twice, received once');

  const treated = await client.post('/v1/pollutant-treatments', {
    siteId,
    method: 'oil-separation',
    items: MATERIALS.map((material) => ({ material })),
    plant: { name: '台州某危废处置厂', licence: '浙危废经第 126 号' },
    manifest: '3310812026000126',
    wasteCode: '900-249-08',
    treatedAt: new Date().toISOString(),
  });
  t.match(treated, { status: 201, body: { closedGrams: 1_140_190_000 } }, JSON.stringify(treated.body));
  const empty = await stock();
  t.ok(
    empty.items.every(
      (item: { grams: number; oldestDay: null }) => item.grams === 0 && item.oldestDay === null,
    ),
  );
  t.same(await stock(`?asOfSeq=${full.asOfSeq}`), full, 'as of any position');

  t.same((await client.get(`/v1/sites/${siteId}/inventory`)).body.items, [], 'no plastic came of it');
  const { rows } = await app.deps.pool.query(
    'SELECT (SELECT count(*) FROM lots) + (SELECT count(*) FROM sources) AS n',
  );
  t.equal(Number(rows[0].n), 0, 'no lot and no source');
});
