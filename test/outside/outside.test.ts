import { randomUUID } from 'node:crypto';
import t from 'tap';
import { assertCertificate, outsideClaim, outsideMarks } from '../../src/outside/outside.ts';
import { startTestApp } from '../support/app.ts';

const FILE = 'ab'.repeat(32);
const certificate = (more: object = {}) => ({
  body: '某认证机构',
  approvalNumber: 'CNCA-R-2026-126',
  number: 'OBP-0126',
  scope: 'PET flake of shoreline origin',
  fileSha256: FILE,
  originClass: 'shoreline',
  ...more,
});
const outside = (more: object = {}) => ({
  kind: 'purchase',
  material: 'pet',
  form: 'flake',
  grams: 5_000,
  ...more,
});

t.test('without a certificate nothing is claimable, whatever is said', async (t) => {
  t.same(outsideClaim(outside(), []), { originClass: 'none', certifiedGrams: 0, claimableGrams: 0 });
});

t.test('a certificate lets be claimed what it says, of an accepted origin, while it holds', async (t) => {
  const claim = (more: object, marks: string[] = [], of: object = {}) =>
    outsideClaim({ ...outside(of), certificate: certificate(more) }, marks);
  t.same(claim({}), { originClass: 'shoreline', certifiedGrams: 5_000, claimableGrams: 5_000 });
  t.match(claim({ claimableGrams: 3_000 }), { certifiedGrams: 3_000, claimableGrams: 3_000 });
  t.match(claim({ originClass: 'land' }), { originClass: 'land', certifiedGrams: 0, claimableGrams: 0 });
  t.match(claim({}, ['certificate-expired']), { certifiedGrams: 0, claimableGrams: 0 });
  t.match(
    claim({}, [], { material: 'mixed-plastic', form: 'mixed' }),
    { certifiedGrams: 5_000, claimableGrams: 0 },
    'a mixture is not claimable before it is sorted',
  );
});

t.test('a certificate holds through its last day', async (t) => {
  const marks = (validUntil: string, siteState = 'active') =>
    outsideMarks({ certificate: certificate({ validUntil }) }, { day: '2026-11-20', siteState });
  t.same(marks('2026-11-20'), []);
  t.same(marks('2026-11-19'), ['certificate-expired']);
  t.same(marks('2026-11-19', 'closed'), ['site-closed', 'certificate-expired']);
});

t.test('a certificate that cannot be about this material is refused', async (t) => {
  const assert = (of: object, more: object) => () =>
    assertCertificate({ ...outside(of), certificate: certificate(more) });
  t.throws(assert({ kind: 'virgin' }, {}), { code: 'never_from_the_sea' });
  t.throws(assert({ kind: 'additive' }, { originClass: 'sea-recovered' }), { code: 'never_from_the_sea' });
  t.doesNotThrow(assert({ kind: 'virgin' }, { originClass: 'none' }));
  t.throws(assert({}, { claimableGrams: 5_001 }), { code: 'over_certified' });
  t.doesNotThrow(assert({}, { claimableGrams: 5_000 }));
  t.throws(assert({}, { originClass: 'land', claimableGrams: 1 }), { code: 'origin_not_claimable' });
});

t.test('outside material comes in as a lot and a source of its own', async (t) => {
  const { site, deps, operator } = await startTestApp(t);
  const recycler = await site('recycler');
  const { siteId } = recycler;
  const admit = (more: object) => recycler.client.post('/v1/outside-materials', { siteId, ...outside(more) });
  const id = randomUUID();
  const body = { id, siteId, ...outside({ supplier: '台州某厂', invoiceSha256: FILE, note: '第 126 车' }) };
  const bought = await recycler.client.post('/v1/outside-materials', body);
  t.equal(bought.status, 201, JSON.stringify(bought.body));
  t.match(bought.body, { id, originClass: 'none', lot: { grams: 5_000, claimableGrams: 0 } });
  t.same(bought.body.marks, []);
  const again = await recycler.client.post('/v1/outside-materials', body);
  t.same([again.status, again.body], [201, bought.body], 'a repeat is the same write');
  t.equal(again.headers['idempotency-replayed'], 'true');
  t.match((await recycler.client.post('/v1/outside-materials', { ...body, grams: 1 })).body, {
    code: 'idempotency_conflict',
  });

  const certified = await admit({ certificate: certificate({ claimableGrams: 3_000 }) });
  t.match(certified.body, { originClass: 'shoreline', lot: { grams: 5_000, claimableGrams: 3_000 } });
  const expired = await admit({ certificate: certificate({ validUntil: '2024-01-01' }) });
  t.match(expired.body, { marks: ['certificate-expired'], lot: { claimableGrams: 0 } });
  for (const [answer, claimableGrams, originClass] of [
    [bought, 0, 'none'],
    [certified, 3_000, 'shoreline'],
    [expired, 0, 'shoreline'],
  ] as const) {
    const lotId = answer.body.lot.id;
    t.match((await recycler.client.get(`/v1/lots/${lotId}`)).body, {
      kind: 'outside',
      grams: 5_000,
      claimableGrams,
      originClass,
    });
    t.match((await recycler.client.get(`/v1/lots/${lotId}/provenance`)).body, {
      summary: { grams: 5_000, claimableGrams, byOriginClass: [{ originClass, grams: 5_000 }] },
      items: [{ kind: 'outside', lotId, grams: 5_000, originClass, seq: answer.body.receipt.seq }],
    });
  }

  const read = await recycler.client.get(`/v1/outside-materials/${id}`);
  t.match(read.body, {
    id,
    kind: 'purchase',
    supplier: '台州某厂',
    invoiceSha256: FILE,
    certificate: null,
    note: '第 126 车',
    lot: { grams: 5_000 },
  });
  t.equal((await recycler.client.get('/v1/outside-materials')).body.items.length, 3);
  t.equal((await operator.get(`/v1/outside-materials?siteId=${siteId}`)).body.items.length, 3);
  t.same((await operator.get(`/v1/outside-materials?siteId=${randomUUID()}`)).body.items, []);
  const entry = (await operator.get(`/v1/ledger/entries/${bought.body.receipt.seq}`)).body;
  t.notMatch(JSON.stringify(entry), new RegExp(`台州|126 车|${FILE}|${id}`), 'the paper is not public');

  const stranger = await site('recycler');
  t.equal((await stranger.client.get(`/v1/outside-materials/${id}`)).status, 404);
  t.same((await stranger.client.get('/v1/outside-materials')).body.items, []);
  t.equal((await stranger.client.post('/v1/outside-materials', { siteId, ...outside() })).status, 422);
  for (const [more, status, code] of [
    [{ kind: 'virgin', certificate: certificate() }, 422, 'never_from_the_sea'],
    [{ certificate: certificate({ claimableGrams: 5_001 }) }, 422, 'over_certified'],
    [{ at: new Date(Date.now() + 3_600_000).toISOString() }, 422, 'not_yet'],
    [{ grams: 0 }, 400, 'malformed'],
    [{ material: 'waste-oil' }, 400, 'malformed'],
    [{ kind: 'gift' }, 400, 'malformed'],
  ] as const) {
    const refused = await admit(more);
    t.match(refused, { status, body: { code } }, JSON.stringify(more));
  }
  t.ok(deps.follower.position > 0);
});

t.test('certified grams stay a share of what is blended with them', async (t) => {
  const { site } = await startTestApp(t);
  const { siteId, client } = await site('recycler');
  const admit = async (more: object) =>
    (await client.post('/v1/outside-materials', { siteId, ...outside(more) })).body.lot.id;
  const lots = [await admit({ certificate: certificate({ claimableGrams: 3_000 }) }), await admit({})];
  const blend = await client.post('/v1/process-runs', {
    siteId,
    step: 'blend',
    inputs: lots.map((lotId) => ({ lotId })),
    outputs: [{ material: 'pet', form: 'pellet', grams: 10_000 }],
    losses: [],
    lineClean: true,
  });
  t.equal(blend.status, 201, JSON.stringify(blend.body));
  t.match((await client.get(`/v1/lots/${blend.body.outputs[0].lotId}/provenance`)).body.summary, {
    grams: 10_000,
    claimableGrams: 3_000,
    custodyModel: 'controlled-blending',
    byOriginClass: [
      { originClass: 'none', grams: 5_000 },
      { originClass: 'shoreline', grams: 5_000 },
    ],
  });
});
