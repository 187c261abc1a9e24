import * as jose from 'jose';
import t from 'tap';
import { bitAt, expandList, LIST_BITS } from '../../src/credentials/bitstring.ts';
import { setUp } from '../statements/harness.ts';
import type { TestApp } from '../support/app.ts';

const HOST = 'bluecycle.example';
const ORIGIN = { LEDGER_ORIGIN: `${HOST}/jiaojiang` };

/** Takes a credential as a stranger would: with a library of others, and the keys the host serves. */
const readAs = async (app: TestApp, url: string) => {
  const { body: document } = await app.client('').get('/.well-known/did.json');
  const answer = await app.app.inject(url);
  const keyOf = async ({ kid }: { kid?: string }) => {
    const method = document.verificationMethod.find(({ id }: { id: string }) => id === kid);
    if (!document.assertionMethod.includes(method?.id)) throw new Error(`${kid} does not assert`);
    return jose.importJWK(method.publicKeyJwk, 'EdDSA');
  };
  const { payload, protectedHeader } = await jose.compactVerify(answer.body, keyOf, {
    algorithms: ['EdDSA'],
  });
  return {
    ...{ jwt: answer.body, type: answer.headers['content-type'], header: protectedHeader, document },
    credential: JSON.parse(new TextDecoder().decode(payload)),
  };
};

const bitsOf = async (app: TestApp, credential: { credentialStatus: Record<string, string>[] }) => {
  const bits: Record<string, boolean | undefined> = {};
  for (const status of credential.credentialStatus) {
    const { pathname } = new URL(status.statusListCredential!);
    const { credential: list } = await readAs(app, pathname);
    t.equal(list.id, status.statusListCredential);
    t.equal(list.credentialSubject.statusPurpose, status.statusPurpose);
    const expanded = expandList(list.credentialSubject.encodedList)!;
    t.ok(8 * expanded.length >= LIST_BITS);
    bits[status.statusPurpose!] = bitAt(expanded, Number(status.statusListIndex));
    bits[`${status.statusPurpose} neighbours`] = [-1, 1].some((step) =>
      bitAt(expanded, Number(status.statusListIndex) + step),
    );
  }
  return bits;
};

t.test('a statement is a credential that others can check, and its status follows', async (t) => {
  const set = await setUp(t, ORIGIN);
  const { app, ask, act, issue, first, second, brandA, seller } = set;
  const { batch } = await set.soldBatch(300_000, 200_000);
  const asked = (await ask(brandA.client, { batchId: batch.id, grams: 400_000 })).body;
  const { code } = await issue(asked.id);
  const url = `/v1/statements/${code}/credential`;
  const { credential, header, type, document, jwt } = await readAs(app, url);
  t.equal(document.id, `did:web:${HOST}`);
  t.match(type, 'application/vc+jwt');
  t.match(header, { alg: 'EdDSA', typ: 'vc+jwt', cty: 'vc', kid: `did:web:${HOST}#` });
  t.match(credential, {
    '@context': ['https://www.w3.org/ns/credentials/v2', { grams: 'urn:blue-cycle:credential#grams' }],
    id: `https://${HOST}${url}`,
    type: ['VerifiableCredential', 'StatementCredential'],
    issuer: `did:web:${HOST}`,
    credentialStatus: [
      { type: 'BitstringStatusListEntry', statusPurpose: 'revocation', statusListIndex: /^\d+$/ },
      { type: 'BitstringStatusListEntry', statusPurpose: 'suspension' },
    ],
    credentialSubject: {
      code,
      batchId: batch.id,
      grams: 400_000,
      ofGrams: 500_000,
      ledger: ORIGIN.LEDGER_ORIGIN,
    },
  });
  const { statement } = (await app.client('').get(`/v1/verify/${code}`)).body;
  t.equal(credential.validFrom, statement.issuedAt);
  t.equal(credential.validUntil, statement.validUntil);
  for (const id of [brandA.organisationId, seller.organisationId, set.collectorId, '王海生', '"Li"', 'Zhou'])
    t.notMatch(JSON.stringify(credential), id, 'neither who holds, nor who sold, gathered or approved');
  t.equal((await app.app.inject(url)).body, jwt, 'the same again');
  t.equal((await app.app.inject(url.replace(code, code.toLowerCase()))).body, jwt, 'as people type it');
  const terms = Object.keys(credential['@context'][1]);
  for (const name of Object.keys(credential.credentialSubject))
    t.ok(['id', 'type', ...terms].includes(name), `${name} is defined, so that no reader has to guess`);

  const clear = { revocation: false, suspension: false };
  t.match(await bitsOf(app, credential), clear);
  await act(first, asked.id, 'suspend', { reason: '待查' });
  t.same(await bitsOf(app, credential), {
    ...{ revocation: false, 'revocation neighbours': false },
    ...{ suspension: true, 'suspension neighbours': false },
  });
  await act(first, asked.id, 'reinstate');
  await act(second, asked.id, 'reinstate');
  t.match(await bitsOf(app, credential), clear);
  await act(first, asked.id, 'revoke', { reason: '伪造' });
  t.match(await bitsOf(app, credential), {
    revocation: true,
    'revocation neighbours': false,
    suspension: false,
  });
  t.equal((await app.app.inject(url)).body, jwt, 'a credential never changes; its status does');

  for (const wrong of ['nonsense', '0123456789ABCDEF', '%00', 'constructor'])
    t.equal((await app.app.inject(`/v1/statements/${wrong}/credential`)).statusCode, 404, wrong);
  t.equal((await app.app.inject('/v1/status-lists/2')).statusCode, 404, 'the ledger is not so long');
  for (const wrong of ['-1', 'x', '1e9', '99999999999999999'])
    t.equal((await app.app.inject(`/v1/status-lists/${wrong}`)).statusCode, 400, wrong);

  const db = await app.superuser();
  t.equal((await db.query('UPDATE statements SET grams = grams + 1')).rowCount, 1);
  const refused = await app.app.inject(url);
  t.match(refused.json(), { status: 409, code: 'tampered' }, 'nothing is signed that the log does not say');
});
