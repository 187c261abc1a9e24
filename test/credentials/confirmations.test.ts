import { generateKeyPairSync } from 'node:crypto';
import * as jose from 'jose';
import t from 'tap';
import { setUp } from '../statements/harness.ts';
import { certifyingBody } from '../support/bodies.ts';
import { firstSigner } from '../support/log-keys.ts';

const NOW = () => new Date().toISOString();

t.test('a body confirms a statement with a key of its own, and nobody confirms oneself', async (t) => {
  const set = await setUp(t);
  const { app, ask, issue, act, first, brandA, seller } = set;
  const { batch } = await set.soldBatch(300_000, 200_000);
  const asked = (await ask(brandA.client, { batchId: batch.id, grams: 400_000 })).body;
  const bodyOf = async (domain: string, kind = 'certifier') => {
    const { body } = await app.operator.post('/v1/organisations', { name: domain, kind });
    const signer = certifyingBody(domain);
    const enrol = (document: object = signer.document, lookedAt = NOW()) =>
      app.operator.put(`/v1/organisations/${body.id}/did`, { document: JSON.stringify(document), lookedAt });
    return { ...signer, id: body.id as string, enrol, client: await app.keyFor(body.id, 'certifier') };
  };
  const one = await bodyOf('one.example');
  const hand = (jwt: string, organisationId = one.id, client = one.client, id = asked.id) =>
    client.post(`/v1/statements/${id}/confirmations`, { organisationId, jwt });
  const { code } = await issue(asked.id);
  const good = await one.confirming(app, code);
  t.match((await hand(one.signed(good))).body, { status: 422, code: 'not_enrolled' });

  const recycler = await app.operator.put(`/v1/organisations/${seller.organisationId}/did`, {
    document: JSON.stringify(one.document),
    lookedAt: NOW(),
  });
  t.match(recycler.body, { status: 422, code: 'not_a_body' });
  const [method] = one.document.verificationMethod;
  const withKey = (x: string) => ({
    ...one.document,
    verificationMethod: [{ ...method, publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x } }],
  });
  const { key: logKey } = firstSigner(app.deps.config);
  t.match((await one.enrol(withKey(Buffer.from(logKey.publicKey).toString('base64url')))).body, {
    status: 403,
    code: 'own_key',
  });
  const host = app.deps.config.ledgerOrigin.split('/')[0];
  for (const [document, expected] of [
    [{ ...one.document, id: `did:web:${host}` }, 'own_domain'],
    [{ ...one.document, id: `did:web:${host}:us` }, 'own_domain'],
    [{ ...one.document, id: 'did:key:z6Mk' }, 'not_a_did'],
    [{ ...one.document, id: 7 }, 'not_a_did'],
    [{}, 'not_a_did'],
    [{ ...one.document, assertionMethod: [] }, 'no_keys'],
    [withKey('AAAA'), 'no_keys'],
  ] as const)
    t.match((await one.enrol(document)).body, { status: 422, code: expected }, expected);
  t.match((await one.enrol(undefined, '2099-01-01T00:00:00Z')).body, { code: 'in_the_future' });
  t.equal(
    (
      await first.put(`/v1/organisations/${one.id}/did`, {
        document: JSON.stringify(one.document),
        lookedAt: NOW(),
      })
    ).status,
    403,
  );
  t.match(await one.enrol(), { status: 200, body: { did: 'did:web:one.example', keys: 1 } });
  t.match((await one.enrol(undefined, '2026-01-01T00:00:00Z')).body, { status: 409, code: 'older_look' });
  const two = await bodyOf('two.example');
  t.match((await two.enrol(one.document)).body, { status: 409, code: 'of_another' });
  t.equal((await two.enrol()).status, 200);

  const stranger = generateKeyPairSync('ed25519').privateKey;
  const said = (more: object) => one.confirming(app, code, more);
  for (const [jwt, expected] of [
    ['nonsense', 'not_a_jwt'],
    [one.signed(good, {}, stranger), 'wrong_signature'],
    [two.signed(good), 'unknown_key'],
    [one.signed(good, { alg: 'none' }), 'wrong_algorithm'],
    [one.signed(good, { typ: 'JWT' }), 'wrong_type'],
    [one.signed({ ...good, name: '王海生' }), 'wrong_form'],
    [one.signed({ vc: good }), 'wrong_form'],
    [one.signed({ ...good, issuer: two.did }), 'wrong_issuer'],
    [one.signed(good, { iss: two.did }), 'wrong_issuer'],
    [one.signed({ ...good, validFrom: '2099-01-01T00:00:00Z' }), 'not_yet_valid'],
    [one.signed({ ...good, validUntil: '2026-01-02T00:00:00Z' }), 'expired'],
    [one.signed(await said({ code: '0123456789ABCDEF' })), 'wrong_code'],
    [one.signed(await said({ origin: 'other.example/log' })), 'wrong_code'],
    [one.signed(await said({ grams: 400_001 })), 'wrong_grams'],
    [one.signed(await said({ root: 'ab'.repeat(32) })), 'wrong_root'],
    [one.signed(await said({ treeSize: 999_999_999 })), 'wrong_root'],
    [one.signed(await said({ treeSize: 3 })), 'wrong_root'],
  ] as const)
    t.match((await hand(jwt)).body, { status: 422, code: expected }, expected);
  t.match((await hand(two.signed(good), one.id, two.client)).body, { code: 'not_enrolled' }, 'for another');

  const both = await Promise.all([hand(one.signed(good)), hand(one.signed(good))]);
  t.same(both.map(({ status }) => status).sort(), [201, 409], 'once');
  t.match(both.find(({ status }) => status === 201)!.body, { did: one.did, related: false });
  const related = (organisationId: string, kind: string) =>
    seller.client.post(`/v1/organisations/${seller.organisationId}/relations`, { organisationId, kind });
  t.match((await related(two.id, 'none')).body, { status: 409, code: 'nothing_changed' });
  t.equal((await related(two.id, 'ownership')).status, 201);
  t.match((await related(seller.organisationId, 'ownership')).body, { code: 'unknown_organisation' });
  t.match((await app.operator.get(`/v1/organisations/${two.id}/relations`)).body.items, [
    { organisationId: seller.organisationId, kind: 'ownership' },
  ]);
  const theirs = two.signed(await two.confirming(app, code));
  t.match(await hand(theirs, two.id, two.client), { status: 201, body: { related: true } });
  await app.operator.put(`/v1/organisations/${two.id}/public-name`, { name: 'Body Two', consent: 'x' });

  const { items } = (await app.client('').get(`/v1/verify/${code}/confirmations`)).body;
  t.match(items, [
    { did: one.did, related: false, name: null, grams: 400_000 },
    { did: two.did, related: true, name: 'Body Two', jwt: theirs },
  ]);
  // As a stranger would check it, with the document from the body's own host and a library of others.
  const key = await jose.importJWK(two.document.verificationMethod[0]!.publicKeyJwk as jose.JWK, 'EdDSA');
  const { payload } = await jose.jwtVerify(items[1].jwt, key);
  t.match(payload, { credentialSubject: { code, grams: 400_000 } });
  t.match((await app.client('').get('/v1/certifiers')).body.items, [
    { organisationId: one.id, did: one.did, documentSha256: /^[0-9a-f]{64}$/, keys: [{ kid: one.kid }] },
    { did: two.did },
  ]);
  t.match(
    (await app.client('').get(`/v1/verify/${code}`)).body,
    { verdict: 'valid' },
    'it changes no verdict',
  );

  // The body changes its key: what the old one signs from now on does not pass, what it signed stays.
  const renewed = certifyingBody('one.example');
  t.equal((await one.enrol(renewed.document)).status, 200);
  t.match((await hand(one.signed(good))).body, { status: 422, code: 'wrong_signature' });
  t.match((await hand(renewed.signed(good))).body, { status: 409, code: 'confirmed_already' });
  const more = await set.soldBatch(100_000);
  const next = (await ask(brandA.client, { batchId: more.batch.id, grams: 1_000 })).body;
  t.match((await hand(renewed.signed(good), one.id, one.client, next.id)).body, { code: 'wrong_state' });
  const issued = await issue(next.id);
  const early = await renewed.confirming(app, issued.code);
  await act(first, next.id, 'suspend', { reason: '待查' });
  t.match((await hand(renewed.signed(early), one.id, one.client, next.id)).body, { code: 'wrong_state' });

  for (const [organisationId, role] of [
    [one.id, 'operator'],
    [app.deps.programme.operatorId, 'certifier'],
  ])
    t.match((await app.operator.post('/v1/api-keys', { organisationId, role, holder: 'x' })).body, {
      status: 422,
      code: 'both_sides',
    });
});
