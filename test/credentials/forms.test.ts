import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { bitAt, expandList, LIST_BITS } from '../../src/credentials/bitstring.ts';
import { assertionKeys, didDocumentOf, didToUrl, issuerOf } from '../../src/credentials/did.ts';
import { fromBase64url, toBase64url } from '../../src/credentials/encoding.ts';
import { gunzip } from '../../src/credentials/inflate.ts';
import { readJwt, signingInput, verifyJwt } from '../../src/credentials/jwt.ts';
import { NoteSigner, verifyEd25519 } from '../../src/ledger/log-key.ts';

/** The open test sets, where they lie beside the project. */
const SETS = path.resolve(import.meta.dirname, '../../../shared/conformance');
const setOf = (t: Test, file: string) => {
  const place = path.join(SETS, file);
  if (existsSync(place)) return JSON.parse(readFileSync(place, 'utf8'));
  t.comment(`skipped: ${file} is not here`);
  return undefined;
};
const encoded = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

t.test('inflates what zlib deflates, whatever way, and no bombs', (t) => {
  const random = fc.uint8Array({ minLength: 0, maxLength: 3_000 });
  const repetitive = fc
    .array(fc.tuple(fc.nat(255), fc.nat(700)), { maxLength: 30 })
    .map((runs) => Uint8Array.from(runs.flatMap(([byte, times]) => Array<number>(times).fill(byte))));
  fc.assert(
    fc.property(
      fc.oneof(random, repetitive),
      fc.integer({ min: 0, max: 9 }),
      fc.nat(4),
      (bytes, level, strategy) => {
        t.ok(
          Buffer.from(gunzip(gzipSync(bytes, { level, strategy }))).equals(Buffer.from(bytes)) ||
            t.fail('differs'),
        );
      },
    ),
    { numRuns: 300 },
  );
  const packed = gzipSync(Buffer.from('some bytes that are repeated, some bytes that are repeated'));
  for (let i = 10; i < packed.length; i++) {
    const turned = Buffer.from(packed);
    turned[i]! ^= 1;
    t.throws(() => gunzip(turned), `byte ${i}`);
    t.throws(() => gunzip(packed.subarray(0, i)), 'cut off');
  }
  t.throws(() => gunzip(gzipSync(Buffer.alloc(1 << 27))), { message: 'larger than any list' });
  t.end();
});

t.test('status lists of the open set', (t) => {
  const set = setOf(t, 'vc-bitstring-status-list/expand-vectors.json');
  for (const { id, encodedList, length, checks } of set?.vectors ?? []) {
    const bits = expandList(encodedList)!;
    t.equal(8 * bits.length, length, id);
    for (const { index, value } of checks) t.equal(bitAt(bits, index), value === 1, `${id} ${index}`);
    t.equal(bitAt(bits, length), undefined, 'beyond the end');
  }
  for (const { encodedList } of set?.invalid ?? []) t.equal(expandList(encodedList), undefined);
  const list = (bytes: number) => `u${gzipSync(Buffer.alloc(bytes)).toString('base64url')}`;
  t.ok(expandList(list(LIST_BITS / 8)));
  for (const wrong of [
    list(LIST_BITS / 8 - 1),
    list(LIST_BITS / 8).slice(1),
    `z${list(20_000).slice(1)}`,
    'u',
    '',
  ])
    t.equal(expandList(wrong), undefined, wrong.slice(0, 20));
  t.end();
});

t.test('did:web of the open set', (t) => {
  for (const { did, url } of setOf(t, 'did-web/url-mapping.json')?.vectors ?? []) t.equal(didToUrl(did), url);
  for (const wrong of [
    'did:key:z6Mk',
    'did:web:',
    'did:web:a/b',
    'did:web:a%2Fb',
    'did:web:a:..%2F',
    'did:web:a@b',
  ])
    t.equal(didToUrl(wrong), undefined, wrong);
  t.equal(issuerOf('localhost:3000/blue-cycle'), 'did:web:localhost%3A3000');
  const document = setOf(t, 'did-web/did-document-example.json');
  if (document !== undefined)
    t.same(
      assertionKeys(document).map(({ kid }) => kid),
      ['did:web:issuer.example#key-1', 'did:web:issuer.example#jwk-1'],
      'those that assert, and not the one that only signs in',
    );
  const key = new NoteSigner('issuer.example/log', Buffer.alloc(32, 3)).key;
  const ours = didDocumentOf('issuer.example/log', [key]);
  t.same(assertionKeys(ours)[0]?.publicKey, new Uint8Array(key.publicKey));
  const [method] = ours.verificationMethod;
  for (const [why, more] of Object.entries({
    'of somebody else': { controller: 'did:web:other.example' },
    'named after somebody else': { id: 'did:web:other.example#key' },
    'with its private part': { publicKeyJwk: { ...method!.publicKeyJwk, d: 'x' } },
    'of another curve': { publicKeyJwk: { ...method!.publicKeyJwk, crv: 'X25519' } },
    'too short': { publicKeyJwk: { ...method!.publicKeyJwk, x: 'AAAA' } },
    'of an unknown kind': { type: 'constructor' },
  }))
    t.same(
      assertionKeys({
        ...ours,
        verificationMethod: [{ ...method, ...more }],
        assertionMethod: [more.id ?? method!.id],
      }),
      [],
      why,
    );
  t.same(assertionKeys({ id: 'did:web:a', assertionMethod: [null, 1, [], {}], verificationMethod: 'x' }), []);
  t.end();
});

t.test('signatures of the open set, and all that must not pass', (t) => {
  const set = setOf(t, 'vc-jose-cose/example-vc-jwt.json');
  if (set !== undefined) {
    const keys = assertionKeys(set.didDocument);
    const jwt = readJwt(set.jwt)!;
    t.same(verifyJwt(jwt, keys, verifyEd25519), { key: keys[1] });
    t.same(JSON.parse(jwt.payload), set.payload);
    t.same(verifyJwt(jwt, keys.slice(0, 1), verifyEd25519), { fault: 'unknown-key' });
  }
  const rfc8037 = setOf(t, 'vc-jose-cose/rfc8037-ed25519.json');
  const d = rfc8037?.jwk.d ?? toBase64url(Buffer.alloc(32, 5));
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), fromBase64url(d)!]);
  const secret = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(secret).export({ format: 'jwk' });
  if (rfc8037 !== undefined) {
    t.equal(x, rfc8037.jwk.x);
    const { input, signature } = readJwt(rfc8037.jws)!;
    t.ok(verifyEd25519(fromBase64url(x!)!, Buffer.from(input), signature));
  }
  const kid = 'did:web:a#k';
  const keys = [{ kid, publicKey: fromBase64url(x!)! }];
  const jwtOf = (header: object, payload: object | string = {}) => {
    const input = `${encoded(header)}.${encoded(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), secret).toString('base64url')}`;
  };
  const said = (text: string) => {
    const jwt = readJwt(text);
    return jwt === undefined ? { fault: 'not-a-jwt' } : verifyJwt(jwt, keys, verifyEd25519);
  };
  const good = { alg: 'EdDSA', typ: 'vc+jwt', cty: 'vc', kid };
  t.same(said(jwtOf(good)), { key: keys[0] });
  t.same(said(jwtOf({ ...good, alg: 'Ed25519' })), { key: keys[0] });
  t.same(said(jwtOf({ ...good, alg: 'none' })), { fault: 'wrong-algorithm' });
  t.same(said(jwtOf({ ...good, alg: 'HS256' })), { fault: 'wrong-algorithm' });
  t.same(said(jwtOf({ ...good, crit: ['exp'] })), { fault: 'wrong-algorithm' });
  t.same(said(jwtOf({ ...good, b64: false })), { fault: 'wrong-algorithm' });
  t.same(said(jwtOf({ ...good, typ: 'JWT' })), { fault: 'wrong-type' });
  t.same(said(jwtOf({ ...good, typ: undefined })), { fault: 'wrong-type' });
  t.same(said(jwtOf({ ...good, kid: 'constructor' })), { fault: 'unknown-key' });
  t.same(said(jwtOf({ ...good, kid: undefined, jwk: { kty: 'OKP', crv: 'Ed25519', x } })), {
    fault: 'unknown-key',
  });
  const text = jwtOf(good, { grams: 7_200_000 });
  t.same(said(text), { key: keys[0] });
  for (let i = 0; i < text.length; i++) {
    const turned = Buffer.from(text);
    turned[i]! ^= 1;
    t.ok('fault' in said(turned.toString('latin1')), `character ${i}`);
  }
  for (const wrong of [
    '',
    '..',
    `${text}.`,
    ` ${text}`,
    `${text}=`,
    jwtOf([]),
    `${encoded('null')}.${encoded('{}')}.`,
  ])
    t.same(said(wrong), { fault: 'not-a-jwt' }, wrong);
  t.equal(
    signingInput('{}', kid).split('.')[0],
    encoded('{"alg":"EdDSA","cty":"vc","kid":"did:web:a#k","typ":"vc+jwt"}'),
  );
  t.end();
});
