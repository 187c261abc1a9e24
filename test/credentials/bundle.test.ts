import { generateKeyPairSync, sign } from 'node:crypto';
import t from 'tap';
import { verifyStatement as published } from '../../packages/verifier/statements.js';
import { type StatementExpected, verifyStatement } from '../../src/credentials/statement-check.ts';
import { STATEMENT_REASONS } from '../../src/credentials/statement-reasons.ts';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { BUNDLE_REASONS } from '../../src/ledger/bundle-reasons.ts';
import { verifyEd25519 } from '../../src/ledger/log-key.ts';
import { formatKey } from '../../src/ledger/note.ts';
import { AT, fen } from '../resale/sealed.ts';
import { setUp } from '../statements/harness.ts';
import { firstSigner, newLogKey, retirementOf } from '../support/log-keys.ts';

const ORIGIN = 'bluecycle.example/jiaojiang';
const MONTH_MS = 31 * 86_400_000;

t.test('the bundle of a statement is checked offline, and whatever is wrong is named', async (t) => {
  const set = await setUp(t, { LEDGER_ORIGIN: ORIGIN });
  const { app, ask, act, issue, first, second, brandA } = set;
  const { batch } = await set.soldBatch(300_000, 200_000);
  const asked = (await ask(brandA.client, { batchId: batch.id, grams: 400_000 })).body;
  const { code } = await issue(asked.id);
  const bundleOf = async (of = code): Promise<string> => {
    const { statusCode, body, headers } = await app.app.inject(`/v1/statements/${of}/bundle`);
    t.equal(statusCode, 200, body.slice(0, 200));
    t.match(headers['content-disposition'], /attachment/);
    return body;
  };
  const now = Date.now();
  const check = (text: string | Uint8Array, more: Partial<StatementExpected> = {}) =>
    verifyStatement(text, { now: Date.now(), ...more }, { hash: sha256, verify: verifyEd25519 });
  const reasonOf = (text: string | Uint8Array, more: Partial<StatementExpected> = {}) => {
    const found = check(text, more);
    return found.verdict === 'valid' ? 'valid' : found.reasons[0]!.code;
  };
  const text = await bundleOf();
  const found = check(text, { origin: ORIGIN, code, logKeys: [formatKey(firstSigner(app.deps.config).key)] });
  t.match(found, {
    verdict: 'valid',
    issuer: 'did:web:bluecycle.example',
    statement: { code, grams: 400_000, ofGrams: 500_000, batchId: batch.id, state: 'issued' },
    log: { origin: ORIGIN, keyKnown: true },
  });
  t.same(published(text, { now }), check(text), 'the published package says the same');
  for (const id of [brandA.organisationId, set.collectorId, '王海生', 'Zhou']) t.notMatch(text, id);

  // Every byte of what is its own; those of the bundle within are turned one by one where bundles are tested.
  const bytes = Buffer.from(text);
  const said = new Set<string>();
  const [inner, after] = [text.indexOf('{', 1), text.indexOf(',"credential":"')];
  let turned = 0;
  for (let i = 0; i < bytes.length; i += i > inner && i < after ? 11 : 1, turned++) {
    bytes[i]! ^= 1;
    const code = reasonOf(bytes);
    said.add(code);
    if (code === 'valid') t.fail(`byte ${i} was turned unseen`);
    bytes[i]! ^= 1;
  }
  t.ok(
    said.size >= 8,
    `${turned} of ${bytes.length} bytes turned, ${said.size} reasons: ${[...said].sort()}`,
  );
  for (const code of said) t.ok(code in { ...BUNDLE_REASONS, ...STATEMENT_REASONS }, `${code} has its texts`);
  for (const wrong of ['', '{}', '[]', 'null', text.slice(1), `${text} `, `${text}${text}`])
    t.equal(reasonOf(wrong), 'not-a-statement');

  // Other keys and other names.
  type File = { bundle: { subject: object; log: object }; credential: string; statusLists: string[] };
  const with_ = (change: (file: File) => void): string => {
    const file = JSON.parse(text) as File;
    change(file);
    return canonicalJson(file);
  };
  const encoded = (value: object | string) =>
    Buffer.from(typeof value === 'string' ? value : canonicalJson(value)).toString('base64url');
  const headerOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString());
  const payloadOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString());
  const ours = firstSigner(app.deps.config);
  /** Signed again by the log's own key, so that nothing but what it says is wrong. */
  const again = (jwt: string, payload: object, header: object = {}) => {
    const input = `${encoded({ ...headerOf(jwt), ...header })}.${encoded({ ...payloadOf(jwt), ...payload })}`;
    return `${input}.${Buffer.from(ours.signature(input).bytes).toString('base64url')}`;
  };
  const stranger = generateKeyPairSync('ed25519').privateKey;
  const forged = (jwt: string) => {
    const input = jwt.split('.').slice(0, 2).join('.');
    return `${input}.${sign(null, Buffer.from(input), stranger).toString('base64url')}`;
  };
  const credential = (change: (jwt: string) => string) =>
    reasonOf(with_((file) => Object.assign(file, { credential: change(file.credential) })));
  const list = (i: number, change: (jwt: string) => string) =>
    reasonOf(with_((file) => Object.assign(file.statusLists, { [i]: change(file.statusLists[i]!) })));
  const subject = payloadOf((JSON.parse(text) as File).credential).credentialSubject;
  t.equal(
    credential((jwt) => again(jwt, {})),
    'valid',
    'the log’s key may sign it',
  );
  t.equal(credential(forged), 'credential-signature');
  t.equal(
    credential((jwt) => again(jwt, {}, { kid: 'did:web:bluecycle.example#00000000' })),
    'credential-unknown-key',
  );
  t.equal(
    credential((jwt) => again(jwt, {}, { kid: 'did:web:evil.example#key' })),
    'credential-unknown-key',
  );
  t.equal(
    credential((jwt) => again(jwt, {}, { alg: 'none' })),
    'credential-form',
  );
  t.equal(
    credential((jwt) => again(jwt, { issuer: 'did:web:evil.example' })),
    'credential-issuer',
  );
  t.equal(
    credential((jwt) => again(jwt, { credentialSubject: { ...subject, grams: 400_001 } })),
    'credential-differs',
  );
  t.equal(
    credential((jwt) => again(jwt, { validUntil: '2099-01-01T00:00:00.000Z' })),
    'credential-differs',
  );
  t.equal(
    credential((jwt) => again(jwt, { name: 'certified' })),
    'credential-differs',
  );
  t.equal(
    credential(() => 'nonsense'),
    'credential-form',
  );
  t.equal(list(0, forged), 'list-signature');
  t.equal(
    list(0, (jwt) => again(jwt, {}, { kid: 'did:web:evil.example#key' })),
    'list-unknown-key',
  );
  t.equal(
    list(0, (jwt) => again(jwt, { id: 'https://bluecycle.example/v1/status-lists/2' })),
    'list-of-another',
  );
  t.equal(
    list(0, () => (JSON.parse(text) as File).statusLists[1]!),
    'list-of-another',
    'of another purpose',
  );
  t.equal(
    list(1, (jwt) => again(jwt, { credentialSubject: {} })),
    'list-form',
  );
  t.equal(
    list(1, () => ''),
    'list-form',
  );
  t.equal(reasonOf(with_((file) => Object.assign(file.bundle.subject, { kind: 'entry' }))), 'not-asked-for');
  t.equal(
    reasonOf(with_((file) => Object.assign(file.bundle.log, { origin: 'evil.example/log' }))),
    'key-not-in-log',
  );
  t.equal(reasonOf(with_((file) => Object.assign(file, { more: 1 }))), 'not-a-statement');

  // What was expected, and when.
  t.equal(reasonOf(text, { origin: 'other.example/log' }), 'unexpected-origin');
  t.equal(reasonOf(text, { code: '0123456789ABCDEF' }), 'unexpected-code');
  t.equal(reasonOf(text, { logKeys: [formatKey(newLogKey(app.deps.config).signer.key)] }), 'unknown-log');
  t.equal(reasonOf(text, { leastWitnesses: 1 }), 'too-few-witnesses');
  t.equal(reasonOf(text, { now: now - MONTH_MS }), 'statement-not-yet-valid');
  t.equal(reasonOf(text, { now: now + 120 * MONTH_MS }), 'statement-expired');

  // Its life.
  await act(first, asked.id, 'suspend', { reason: '待查' });
  const suspended = await bundleOf();
  t.equal(reasonOf(suspended), 'statement-suspended');
  const mixed = (facts: string, lists: string) =>
    canonicalJson({ ...JSON.parse(facts), statusLists: JSON.parse(lists).statusLists });
  t.equal(reasonOf(mixed(suspended, text)), 'status-differs', 'lists from before');
  t.equal(reasonOf(mixed(text, suspended)), 'statement-suspended', 'facts from before');
  await act(first, asked.id, 'reinstate');
  await act(second, asked.id, 'reinstate');
  t.equal(reasonOf(await bundleOf()), 'valid');
  t.equal(reasonOf(text), 'valid', 'the one from before stands');

  const key = newLogKey(app.deps.config);
  key.keep();
  t.equal((await app.operator.post('/v1/ledger/keys', key.body)).status, 201);
  const before = JSON.parse(await bundleOf()) as File;
  const { status } = await app.operator.post(
    `/v1/ledger/keys/${retiredId()}/retire`,
    retirementOf(ours, key.signer),
  );
  t.equal(status, 200);
  await app.operator.post('/v1/organisations', { name: 'one fact more', kind: 'station' });
  await app.deps.publisher.covering((await app.verify()).size, 10_000);
  const rotated = await bundleOf();
  t.equal(reasonOf(rotated), 'valid', 'signed with the new key');
  t.match(headerOf((JSON.parse(rotated) as File).credential).kid, new RegExp(`#${key.id}$`));
  t.equal(
    reasonOf(
      canonicalJson({
        ...JSON.parse(rotated),
        credential: again(
          before.credential,
          {},
          { kid: headerOf((JSON.parse(text) as File).credential).kid },
        ),
      }),
    ),
    'credential-old-key',
  );
  t.equal(reasonOf(text), 'valid', 'what the old key signed in its time stands');
  await act(first, asked.id, 'revoke', { reason: '伪造' });
  t.equal(reasonOf(await bundleOf()), 'statement-revoked');

  function retiredId(): string {
    return ours.key.id.toString(16).padStart(8, '0');
  }
});

t.test('a statement in the place of another carries the facts of both', async (t) => {
  const set = await setUp(t, { LEDGER_ORIGIN: ORIGIN });
  const { app, ask, issue, brandA, seller, becomes, read } = set;
  const { batch } = await set.soldBatch(300_000, 200_000);
  const asked = (await ask(brandA.client, { batchId: batch.id })).body;
  const old = await issue(asked.id);
  await set.post(batch.id, 'payments', { amount: fen(100), receivedAt: AT });
  await set.post(batch.id, 'deliveries', { grams: 500_000, deliveredAt: AT });
  const returned = {
    grams: 100_000,
    measuredGrams: 100_000,
    siteId: seller.siteId,
    returnedAt: AT,
    reason: 'x',
  };
  t.equal((await set.post(batch.id, 'returns', { ...returned, creditNote: fen(100) })).status, 201);
  const { replacedBy } = await becomes(asked.id, 'superseded');
  const next = await read(replacedBy);
  const bundleOf = async (code: string) => (await app.app.inject(`/v1/statements/${code}/bundle`)).body;
  const expected = { now: Date.now() + 1_000 };
  t.match(verifyStatement(await bundleOf(next.code), expected), {
    verdict: 'valid',
    statement: { grams: 400_000 },
  });
  t.match(verifyStatement(await bundleOf(old.code), expected), {
    reasons: [{ code: 'statement-superseded' }],
  });
});
