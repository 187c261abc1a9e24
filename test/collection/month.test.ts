import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { phoneOf } from '../support/phone.ts';

const WEIGH_INS = 3_000;
const DAY = 86_400_000;

/** Repeatable chance: a linear congruential generator (Numerical Recipes). */
const chance = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor((state / 4_294_967_296) * below);
  };
};

t.test('a phone’s month of 3,000 weigh-ins, split, shuffled and tripled, is recorded once', async (t) => {
  const { site, deps, operator } = await startTestApp(t);
  const { client, siteId } = await site('station');
  const collector = await client.post('/v1/collectors', { siteId, name: '王海生' });
  const phone = phoneOf(siteId, collector.body.id);
  const device = await client.post('/v1/devices', { siteId, name: '手机', publicKey: phone.publicKey });
  phone.deviceId = device.body.id;
  const end = Date.now();
  const month = Array.from({ length: WEIGH_INS }, (_, i) =>
    phone.weighIn({
      grossGrams: 5_500 + i,
      collectedAt: new Date(end - 30 * DAY + Math.floor((i * 30 * DAY) / WEIGH_INS)).toISOString(),
    }),
  );
  const random = chance(20_261_124);
  const tripled = [...month, ...month, ...month];
  for (let i = tripled.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [tripled[i], tripled[j]] = [tripled[j]!, tripled[i]!];
  }
  const uploads: (typeof month)[] = [];
  while (tripled.length > 0) uploads.push(tripled.splice(0, 1 + random(1_000)));

  const answers = new Map<string, string>();
  let [recorded, replayed] = [0, 0];
  const settle = (items: { status: number; id: string; replayed?: boolean; index: number }[]) => {
    for (const { index: _, replayed: again, ...item } of items) {
      if (item.status !== 201) t.fail(JSON.stringify(item));
      if (again) replayed++;
      else recorded++;
      const text = JSON.stringify(item);
      if ((answers.get(item.id) ?? text) !== text) t.fail(`another answer for ${item.id}`);
      answers.set(item.id, text);
    }
  };
  // Two at a time: the phone gives up on one and sends the next while the first is still written.
  while (uploads.length > 0) {
    const sent = uploads.splice(0, 2).map((upload) => client.post('/v1/collections/batch', upload));
    for (const { status, body } of await Promise.all(sent)) {
      t.equal(status, 200);
      settle(body.items);
    }
  }
  t.equal(recorded, WEIGH_INS);
  t.equal(replayed, 2 * WEIGH_INS);
  t.equal(answers.size, WEIGH_INS);

  const { rows: lots } = await deps.pool.query(
    "SELECT count(*)::int4 AS n, sum(grams)::int8 AS grams FROM lots WHERE kind = 'weigh-in'",
  );
  const grams = WEIGH_INS * 5_000 + (WEIGH_INS * (WEIGH_INS - 1)) / 2;
  t.same(lots, [{ n: WEIGH_INS, grams }]);
  const { rows: heads } = await deps.pool.query('SELECT size FROM head');
  t.ok(await deps.follower.reaches(heads[0].size - 1, 20_000));
  t.match((await client.get(`/v1/devices/${device.body.id}`)).body, { counter: WEIGH_INS, missing: [] });
  t.same((await operator.get(`/v1/marks?siteId=${siteId}`)).body.items, [], 'no gap, no fork, no doubt');
  const { body } = await client.get(`/v1/sites/${siteId}/inventory`);
  t.match(body.items, [{ material: 'pet', form: 'bottle', grams, claimableGrams: grams, lots: WEIGH_INS }]);
});
