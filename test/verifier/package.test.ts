import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import * as built from '../../packages/verifier/index.js';
import * as builtTexts from '../../packages/verifier/texts.js';
import { staleAssets } from '../../src/cli/assets.ts';
import { canonicalJson } from '../../src/kernel/canonical.ts';
import { sha256 } from '../../src/kernel/hash.ts';
import { BUNDLE_REASONS } from '../../src/ledger/bundle-reasons.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { idOf, KEY_ADDED } from '../../src/ledger/key-history.ts';
import { type NoteSigner, verifyEd25519 } from '../../src/ledger/log-key.ts';
import { parseNote } from '../../src/ledger/note.ts';
import { Verifier } from '../../src/ledger/verify.ts';
import { canonicalJson as smallCanonicalJson } from '../../src/verifier/canonical.ts';
import { FAULTS } from '../../src/verifier/faults.ts';
import * as source from '../../src/verifier/index.ts';
import { portable } from '../../src/verifier/primitives.ts';
import { startTestApp } from '../support/app.ts';
import { command } from '../support/command.ts';
import { readExport, writeExport } from '../support/forge.ts';
import { firstSigner, newLogKey, retirementOf } from '../support/log-keys.ts';
import { thingsOf } from '../support/things.ts';
import { exportOf, textOf } from '../web/logs.ts';

const PACKAGE = path.resolve(import.meta.dirname, '../../packages/verifier');
const MOST_BYTES = 40_000;

/** The declarations say what the code is; the compiler compares. */
source satisfies typeof built;

t.test('the built files are those the sources give, small, and free of imports', async (t) => {
  t.same(await staleAssets(), [], 'else run npm run assets');
  const text = readFileSync(path.join(PACKAGE, 'index.js'), 'utf8');
  t.ok(Buffer.byteLength(text) < MOST_BYTES, `${Buffer.byteLength(text)} bytes`);
  t.notMatch(text, /\bimport\s*[({"'*]|\brequire\(|\bfrom\s*["']/, 'it imports nothing');
  t.same(builtTexts.BUNDLE_REASONS, BUNDLE_REASONS);
  t.same(builtTexts.FAULTS, FAULTS);
  for (const [code, { en, zh }] of Object.entries({ ...BUNDLE_REASONS, ...FAULTS }))
    t.ok(en.endsWith('.') && /\p{Script=Han}.*。$/u.test(zh), `${code} is said in both languages`);
});

t.test(
  'installed alone, away from the project, it checks a bundle; and judges as the project does',
  async (t) => {
    const app = await startTestApp(t);
    const batch = await (await thingsOf(app, 'canary')).batch();
    const { rawPayload: bundle } = await app.app.inject(`/v1/batches/${batch.id}/bundle`);
    const directory = mkdtempSync(path.join(os.tmpdir(), 'blue-cycle-verifier-'));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    cpSync(PACKAGE, path.join(directory, 'node_modules/blue-cycle-verifier'), { recursive: true });
    writeFileSync(path.join(directory, 'bundle.json'), bundle);
    writeFileSync(
      path.join(directory, 'check.mjs'),
      `import { readFileSync } from 'node:fs';
     import { verifyBundle } from 'blue-cycle-verifier';
     import { BUNDLE_REASONS } from 'blue-cycle-verifier/texts.js';
     const bytes = readFileSync('bundle.json');
     const good = verifyBundle(bytes);
     bytes[bytes.length >> 1] ^= 1;
     const bad = verifyBundle(bytes);
     console.log(JSON.stringify({ good, bad, said: BUNDLE_REASONS[bad.reasons[0].code].en }));`,
    );
    const said = JSON.parse(
      execFileSync(process.execPath, ['check.mjs'], { cwd: directory, encoding: 'utf8', env: {} }),
    );
    t.match(said, { good: { verdict: 'valid' }, bad: { verdict: 'invalid' }, said: String });
    t.same(said.good, built.verifyBundle(bundle));
    const node = { hash: sha256, verify: verifyEd25519 };
    t.same(built.verifyBundle(bundle, {}, node), said.good, 'whatever hash and signature check it is given');
    for (let i = 0; i < bundle.length; i += 23) {
      const flipped = Buffer.from(bundle);
      flipped[i]! ^= 1 << (i % 8);
      const [ours, theirs] = [source.verifyBundle(flipped, {}, node), built.verifyBundle(flipped)];
      if (ours.verdict !== 'invalid') t.fail(`byte ${i}`);
      t.same(theirs, ours, `byte ${i}`);
    }
  },
);

t.test('its small canonical form is the project’s', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => smallCanonicalJson(value) === canonicalJson(value)),
    { numRuns: 2_000 },
  );
  const unicode = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }));
  const textOr = (write: (value: unknown) => string, value: unknown) => {
    try {
      return write(value);
    } catch (error) {
      return (error as Error).name;
    }
  };
  fc.assert(
    fc.property(unicode, (value) => textOr(smallCanonicalJson, value) === textOr(canonicalJson, value)),
    { numRuns: 2_000 },
  );
  for (const odd of ['\ud800', { '\udfff': 1 }, Number.NaN, Number.POSITIVE_INFINITY, () => 1, undefined, 1n])
    t.throws(() => smallCanonicalJson(odd), TypeError);
});

t.test('its Ed25519 says of every signature what Node says', async (t) => {
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
  let accepted = 0;
  for (let i = 0; i < 40; i++) {
    const message = Buffer.from(`message ${i}`);
    const signature = sign(null, message, privateKey);
    const tried = [
      signature,
      Buffer.from(signature),
      Buffer.from(signature),
      signature.subarray(1),
      Buffer.alloc(64),
    ];
    tried[1]![(i * 7) % 64]! ^= 1 << (i % 8);
    // The same S, once more around: RFC 8032 §5.1.7 refuses it.
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + L;
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(tried[2]!, 32);
    for (const each of tried) {
      const [ours, theirs] = [verifyEd25519(key, message, each), portable.verify(key, message, each)];
      if (ours !== theirs) t.fail(`${each.toString('hex')}: ${ours}, ${theirs}`);
      if (theirs) accepted++;
    }
  }
  t.equal(accepted, 40);
  t.equal(
    portable.verify(Buffer.alloc(32, 255), Buffer.from('x'), Buffer.alloc(64)),
    false,
    'a key that is none',
  );
});

t.test('an export is checked as it comes, and each fault is named with its place', async (t) => {
  const { lines, key, root } = exportOf(300);
  const check = (changed: readonly string[] | Buffer, options = {}, step = 1 << 16) => {
    const bytes = Buffer.isBuffer(changed) ? changed : textOf(changed);
    const one = new built.ExportCheck(options);
    for (let at = 0; at < bytes.length; at += step) one.push(bytes.subarray(at, at + step));
    return one.finish();
  };
  const good = {
    verdict: 'valid',
    size: 300,
    root,
    key,
    continues: [],
    types: { 'programme.founded.v1': 1 },
  };
  for (const step of [1, 7, 1_000, 1 << 20]) t.match(check(lines, {}, step), good, `in pieces of ${step}`);
  const { root: earlier } = exportOf(120);
  t.match(check(lines, { remembered: [{ size: 120, root: earlier }] }), { continues: [120] });
  t.match(check(lines, { remembered: [{ size: 120, root, origin: 'example.com/other' }] }), {
    continues: [],
  });
  const swap = [...lines];
  [swap[5], swap[6]] = [swap[6]!, swap[5]!];
  const flipped = textOf(lines);
  flipped[20_000]! ^= 1;
  const end = JSON.stringify({ head: { size: 300, leafHash: '0'.repeat(64) } });
  for (const [what, changed, fault, options] of [
    ['another history', lines, { kind: 'wrong-checkpoint', seq: 119 }, { remembered: [{ size: 120, root }] }],
    ['two swapped', swap, { kind: 'wrong-seq', seq: 5 }],
    ['one left out', lines.filter((_, i) => i !== 40), { kind: 'wrong-seq', seq: 40 }],
    ['one twice', [...lines.slice(0, 9), lines[8]!, ...lines.slice(9)], { kind: 'wrong-seq', seq: 9 }],
    ['a byte flipped', flipped, {}],
    [
      'not canonical',
      lines.map((line, i) => (i === 3 ? line.replace(',', ', ') : line)),
      { kind: 'not-canonical', seq: 3 },
    ],
    ['cut off', lines.slice(0, 200), { kind: 'cut-off', seq: 200 }],
    ['cut off before its end', [...lines.slice(0, 200), lines[300]!], { kind: 'cut-off', seq: 200 }],
    ['a line cut', textOf(lines).subarray(0, -5), { kind: 'not-json' }],
    ['more after its end', [...lines, lines[0]!], { kind: 'wrong-head' }],
    ['another head', [...lines.slice(0, 300), end], { kind: 'wrong-head' }],
    [
      'a changed signature',
      lines.map((l, i) =>
        i === 300 ? l.replace(/(.)(.{9})$/, (_, c, rest) => (c === 'A' ? 'B' : 'A') + rest) : l,
      ),
      {},
    ],
    ['another log', lines, { kind: 'wrong-signature' }, { logKeys: ['other'] }],
    ['nothing', '' as never, { kind: 'cut-off', seq: 0 }],
  ] as const)
    t.match(
      check(changed.length === 0 ? Buffer.alloc(0) : changed, options),
      { verdict: 'invalid', ...fault, detail: String },
      what,
    );
});

t.test('an export counts a later key only where an older one signed for the fact that adds it', async (t) => {
  const app = await startTestApp(t);
  const { config, publisher } = app.deps;
  const [first, next] = [firstSigner(config), newLogKey(config)];
  const organisation = async (): Promise<number> =>
    (await app.operator.post('/v1/organisations', { name: '椒江', kind: 'station' })).body.receipt.seq;
  await organisation();
  next.keep();
  t.equal((await app.operator.post('/v1/ledger/keys', next.body)).status, 201);
  const retired = await app.operator.post(
    `/v1/ledger/keys/${idOf(first.key)}/retire`,
    retirementOf(first, next.signer),
  );
  t.equal(retired.status, 200);
  const size = (await organisation()) + 1;
  t.ok(await publisher.covering(size, 8_000));
  const directory = mkdtempSync(path.join(os.tmpdir(), 'blue-cycle-export-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const [file, forged] = [path.join(directory, 'export'), path.join(directory, 'forged')];
  const env = { DATABASE_URL: app.urls.apiUrl, DATABASE_OWNER_URL: app.urls.ownerUrl };
  const { code } = await command(env, 'export', '--database', app.urls.ownerUrl, '--out', file);
  t.equal(code, 0);
  const check = (lines: readonly string[]) => {
    const one = new built.ExportCheck();
    one.push(textOf(lines));
    return one.finish();
  };
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const ending = JSON.parse(lines.at(-1)!) as { checkpoint: string; keyCheckpoints: string[] };
  const entries = lines.slice(0, -1);
  const endedBy = (keyCheckpoints?: string[], from: readonly string[] = entries, { checkpoint } = ending) =>
    check([...from, JSON.stringify({ checkpoint, keyCheckpoints })]);
  t.equal(ending.keyCheckpoints.length, 2);
  t.match(check(lines), { verdict: 'valid', size, key: next.body.logKey });
  const added = entries.findIndex((line) => line.includes(KEY_ADDED));
  const wrong = { verdict: 'invalid', kind: 'wrong-key', seq: added };
  t.match(endedBy(), wrong);
  t.match(endedBy(ending.keyCheckpoints.slice(1)), { verdict: 'valid' }, 'the later one vouches for both');
  t.match(endedBy(ending.keyCheckpoints.slice(0, 1)), { ...wrong, seq: retired.body.receipt.seq });
  t.match(endedBy(['none']), { verdict: 'invalid', kind: 'wrong-checkpoint' });
  t.match(endedBy(ending.keyCheckpoints.map((note) => next.signer.note(parseNote(note).text))), wrong);

  // Whoever holds the new key alone rewrites what was before it: chain, tree, signature, all of it fits.
  const facts = await readExport(file);
  facts[1]!.entry.data = { ...facts[1]!.entry.data, forged: true };
  await writeExport(facts, next.seed, forged);
  const changed = readFileSync(forged, 'utf8').trimEnd().split('\n');
  t.not(changed[1], lines[1], 'the attack changed something');
  t.match(check(changed), wrong);
  const end = JSON.parse(changed.at(-1)!) as typeof ending;
  const rewritten = changed.slice(0, -1);
  t.match(endedBy(ending.keyCheckpoints, rewritten, end), { verdict: 'invalid', kind: 'wrong-checkpoint' });
  const verifier = new Verifier(sha256);
  const texts: string[] = [];
  for (const [seq, line] of rewritten.entries()) {
    verifier.feed(Buffer.from(line));
    const root = Buffer.from(verifier.root(), 'hex');
    if (line.includes('log-key.'))
      texts.push(formatCheckpoint({ origin: config.ledgerOrigin, size: seq + 1, root }));
  }
  const signedBy = (signer: NoteSigner) =>
    endedBy(
      texts.map((text) => signer.note(text)),
      rewritten,
      end,
    );
  t.match(signedBy(next.signer), wrong);
  t.match(signedBy(first), { verdict: 'valid' }, 'which the older key’s holder alone could do');
});

t.test('whether a log continues what was seen of it', async (t) => {
  const app = await startTestApp(t);
  const things = await thingsOf(app, 'canary');
  const { seq } = (await things.collection()).receipt;
  await app.app.inject(`/v1/ledger/entries/${seq}/proof`);
  const { from, to, fromRoot, toRoot, proof } = (
    await app.app.inject(`/v1/ledger/consistency?from=3&to=${seq}`)
  ).json();
  const [before, now] = [
    { size: from, root: fromRoot },
    { size: to, root: toRoot },
  ];
  t.equal(built.continues(before, now, proof), true);
  t.equal(built.continues({ ...before, root: toRoot }, now, proof), false);
  t.equal(built.continues(now, before, proof), false);
  t.equal(built.continues(before, now, proof.slice(1)), false);
  t.equal(built.continues(before, { ...now, root: 'x' }, proof), false);
  t.equal(built.continues(now, now, []), true);
});
