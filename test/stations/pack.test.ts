import t from 'tap';
import { startTestApp } from '../support/app.ts';

const tile = (code: string, more: object = {}) => ({
  code,
  names: { zh: '海上瓶', en: 'Sea bottle' },
  picture: 'bottle',
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  basis: 'weighed',
  ...more,
});
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

t.test('a station takes everything along in one answer, and asks again only when it changed', async (t) => {
  const { app, operator, site, keyFor } = await startTestApp(t);
  const { client, siteId, organisationId } = await site('station');
  const other = await site('station');
  const url = `/v1/sites/${siteId}/station-pack`;
  const ask = async (etag?: string, secret = client.secret) => {
    const headers = {
      authorization: `Bearer ${secret}`,
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    };
    const { statusCode, headers: got, payload } = await app.inject({ method: 'GET', url, headers });
    return { status: statusCode, etag: got.etag as string, headers: got, payload };
  };
  let { etag } = await ask();
  /** Whether the answer is another since, and then the new one. */
  const changed = async () => {
    const answer = await ask(etag);
    if (answer.status === 304) return t.equal(answer.payload, '') ? false : undefined;
    etag = answer.etag;
    return JSON.parse(answer.payload);
  };
  t.match(etag, /^"[0-9a-f]{64}"$/, 'a strong tag');
  t.equal(await changed(), false);
  t.match((await ask()).headers['cache-control'], /^private, max-age=300/);
  t.equal((await ask('*')).status, 304);
  t.equal((await ask(`"x", W/${etag}`)).status, 304);

  const price = { material: 'pet', base: { amount: 150, currency: 'CNY', perGrams: 1_000 } };
  const tariff = (startsAt: string) =>
    operator.post('/v1/tariffs', { source: '价目', startsAt, prices: [price] });
  const now = await tariff(inDays(0));
  t.match(await changed(), { tariffs: [{ id: now.body.id }] });
  const soon = await tariff(inDays(29));
  t.match(await changed(), { tariffs: [{ id: now.body.id }, { id: soon.body.id }] });
  await tariff(inDays(31));
  t.equal(await changed(), false, 'what starts later is no part of it yet');

  await operator.patch('/v1/presets', {
    tiles: [tile('sea-bottle'), tile('land-bottle', { originClass: 'land' })],
  });
  t.equal((await changed()).presets.length, 2);
  const own = await client.patch(`/v1/sites/${siteId}/presets`, {
    tiles: [tile('sea-bottle', { basis: 'counted' }), tile('net', { material: 'pa6', form: 'fishing-net' })],
  });
  t.match(own.body, { siteId, tiles: 2 });
  const { presets } = await changed();
  t.same(
    presets.map((p: { code: string; gramsPerPiece?: number }) => [p.code, p.gramsPerPiece ?? null]),
    [
      ['sea-bottle', 20],
      ['land-bottle', null],
      ['net', null],
    ],
  );
  await other.client.patch(`/v1/sites/${other.siteId}/presets`, { tiles: [tile('x')] });
  t.equal(await changed(), false, 'the tiles of another site are none of ours');

  const person = await client.post('/v1/collectors', { siteId, name: '王海生', phone: '13800000000' });
  t.same((await changed()).people, [{ id: person.body.id, name: '王海生' }]);
  t.notMatch((await ask()).payload, /13800000000/, 'a name and no more');
  t.same(
    JSON.parse((await ask(undefined, operator.secret)).payload).people,
    [],
    'names are for the site’s own',
  );
  const device = await client.post('/v1/devices', {
    siteId,
    name: '一号秤',
    scale: { class: 'III', eGrams: 50, minGrams: 1_000, maxGrams: 150_000, validUntil: '2027-11-30' },
  });
  t.match((await changed()).devices, [
    { id: device.body.id, scale: { maxGrams: 150_000, validUntil: '2027-11-30' } },
  ]);
  await client.post(`/v1/devices/${device.body.id}/close`);
  t.same((await changed()).devices, []);
  await operator.delete(`/v1/collectors/${person.body.id}/personal-data?stage=restrict`);
  t.same((await changed()).people, [], 'whoever is to be erased is gone at once');
  t.match(JSON.parse((await ask()).payload).limits, {
    itemsAnUpload: 1_000,
    bytesAnUpload: 4_194_304,
    clockAheadMinutes: 10,
    lateAfterDays: 45,
    quoteBindsDays: 30,
    counterGapDays: 30,
  });

  t.equal((await other.client.get(url)).status, 404);
  t.equal((await (await keyFor(organisationId, 'carrier')).get(url)).status, 403);
  const refused = async (tiles: object[]) =>
    (await client.patch(`/v1/sites/${siteId}/presets`, { tiles })).body.code;
  t.equal(await refused([tile('a'), tile('a')]), 'duplicate_tile');
  t.equal(await refused([tile('a', { form: 'film', basis: 'counted' })]), 'not_countable');
  t.equal(await refused([tile('A b')]), 'malformed');
  t.equal(await changed(), false, 'what was refused changes nothing');
  await operator.post(`/v1/sites/${siteId}/close`);
  t.equal(await refused([]), 'site_closed');
});
